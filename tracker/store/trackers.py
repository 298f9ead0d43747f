"""Running trackers and the connections that they hold."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from tracker.store.schema import Connection, Tracker

FRESH_SECONDS = 8.0
"""After so long without a heartbeat, what a tracker holds is not seen any more."""

DEAD_SECONDS = 60.0
"""After so long it is removed: long enough for a stalled tracker to come back unharmed."""


def live_connections(now: float) -> Select[str]:
    """The ids of the connections to trackers that are alive."""
    return (
        select(Connection.id)
        .join(Tracker, Tracker.id == Connection.tracker_id)
        .where(Tracker.heartbeat_at > now - FRESH_SECONDS)
    )


class Site(NamedTuple):
    """Where a tracker is: its host, its session port, and its HTTP port if it has one."""

    host: str
    port: int
    http_port: int | None


class TrackerRepository:
    """The trackers in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tracker_id: str, site: Site, now: float) -> None:
        """A tracker has started."""
        self._session.add(
            Tracker(
                id=tracker_id,
                host=site.host,
                port=site.port,
                http_port=site.http_port,
                heartbeat_at=now,
            )
        )

    def remove_former(self, site: Site) -> None:
        """Whoever was at this address before is dead: its connections and peers are gone."""
        self._session.execute(
            delete(Tracker).where(Tracker.host == site.host, Tracker.port == site.port)
        )

    def beat(self, tracker_id: str, now: float) -> bool:
        """A tracker is alive; False when the others have given it up meanwhile."""
        beaten = self._session.execute(
            update(Tracker)
            .where(Tracker.id == tracker_id)
            .values(heartbeat_at=now)
            .returning(Tracker.id)
        ).all()
        return bool(beaten)

    def remove(self, tracker_id: str) -> None:
        """A tracker ends: its connections and their peers are gone at once."""
        self._session.execute(delete(Tracker).where(Tracker.id == tracker_id))

    def users_at(self, tracker_id: str) -> set[int]:
        """Who is connected to a tracker."""
        query = select(Connection.user_id).where(Connection.tracker_id == tracker_id)
        return set(self._session.scalars(query))

    def adjust_for_clock_jump(self, before: float, now: float) -> None:
        """The clock was set forward, from `before` to `now`: heartbeats are as old as before.

        Several trackers may find out: what one has set right is not set again.
        """
        not_yet = Tracker.heartbeat_at < (before + now) / 2
        self._session.execute(
            update(Tracker)
            .where(Tracker.heartbeat_at > before - DEAD_SECONDS, not_yet)
            .values(heartbeat_at=Tracker.heartbeat_at + (now - before))
        )

    def delete_expired(self, now: float) -> None:
        """Remove the trackers that died, with all that they held.

        A heartbeat in the future is of a clock that was set back: it counts as one of now.
        """
        self._session.execute(
            update(Tracker)
            .where(Tracker.heartbeat_at > now + FRESH_SECONDS)
            .values(heartbeat_at=now)
        )
        self._session.execute(delete(Tracker).where(Tracker.heartbeat_at <= now - DEAD_SECONDS))

    def others(self, tracker_id: str, now: float) -> list[tuple[str, int]]:
        """Host and HTTP port of the other live trackers that answer stock clients."""
        rows = self._session.execute(
            select(Tracker.host, Tracker.http_port)
            .where(Tracker.id != tracker_id, Tracker.heartbeat_at > now - FRESH_SECONDS)
            .order_by(Tracker.host, Tracker.http_port)
        )
        return [(host, port) for host, port in rows if port is not None]

    def connect(
        self, connection_id: str, tracker_id: str, token_id: int, user_id: int, now: float
    ) -> None:
        """A user is online over this connection."""
        self._session.add(
            Connection(
                id=connection_id,
                tracker_id=tracker_id,
                token_id=token_id,
                user_id=user_id,
                opened_at=now,
            )
        )

    def count_connections(self, user_id: int) -> int:
        """On how many connections a user is logged in, at all trackers."""
        query = select(func.count()).select_from(Connection)
        return self._session.scalar(query.where(Connection.user_id == user_id)) or 0

    def disconnect(self, connection_id: str) -> None:
        """A connection ended: its peers are gone at once."""
        self._session.execute(delete(Connection).where(Connection.id == connection_id))

    def is_connected(self, connection_id: str) -> bool:
        """Whether the connection still counts: its token may have been revoked elsewhere."""
        query = select(Connection.id).where(Connection.id == connection_id)
        return self._session.scalar(query) is not None

    def online(self, user_ids: Collection[int], now: float) -> set[int]:
        """Those of the users who are online."""
        query = select(Connection.user_id).where(
            Connection.user_id.in_(user_ids), Connection.id.in_(live_connections(now))
        )
        return set(self._session.scalars(query))
