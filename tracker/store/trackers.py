"""Running trackers and their connections."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from tracker.store.schema import Connection, Tracker

FRESH_SECONDS = 8.0
"""A tracker without a heartbeat for this long, and everything it holds, is ignored."""

DEAD_SECONDS = 60.0
"""A tracker without a heartbeat for this long is deleted: time enough to recover from a stall."""


def live_connections(now: float) -> Select[str]:
    """Select the ids of connections to live trackers."""
    return (
        select(Connection.id)
        .join(Tracker, Tracker.id == Connection.tracker_id)
        .where(Tracker.heartbeat_at > now - FRESH_SECONDS)
    )


class Site(NamedTuple):
    """A tracker's host, session port, and HTTP port, if any.

    `is_forwarded` says that it listens elsewhere than at its host, as behind a router: then the
    address at which a client's connection arrives is not one that clients can use.
    """

    host: str
    port: int
    http_port: int | None
    is_forwarded: bool = False


class TrackerRepository:
    """Trackers and connections, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tracker_id: str, site: Site, now: float) -> None:
        """Register a tracker."""
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
        """Delete an earlier instance at this address, with its connections and peers."""
        self._session.execute(
            delete(Tracker).where(Tracker.host == site.host, Tracker.port == site.port)
        )

    def beat(self, tracker_id: str, now: float) -> bool:
        """Update a tracker's heartbeat; return False if the others have deleted it."""
        beaten = self._session.execute(
            update(Tracker)
            .where(Tracker.id == tracker_id)
            .values(heartbeat_at=now)
            .returning(Tracker.id)
        ).all()
        return bool(beaten)

    def remove(self, tracker_id: str) -> None:
        """Delete a tracker with its connections and their peers."""
        self._session.execute(delete(Tracker).where(Tracker.id == tracker_id))

    def users_at(self, tracker_id: str) -> set[int]:
        """Return the ids of the users connected to a tracker."""
        query = select(Connection.user_id).where(Connection.tracker_id == tracker_id)
        return set(self._session.scalars(query))

    def adjust_for_clock_jump(self, before: float, now: float) -> None:
        """Shift heartbeats after the clock jumped forward from `before` to `now`.

        Several trackers may notice: a heartbeat is not shifted twice.
        """
        not_yet = Tracker.heartbeat_at < (before + now) / 2
        self._session.execute(
            update(Tracker)
            .where(Tracker.heartbeat_at > before - DEAD_SECONDS, not_yet)
            .values(heartbeat_at=Tracker.heartbeat_at + (now - before))
        )

    def delete_expired(self, now: float) -> None:
        """Delete dead trackers with everything they hold.

        A heartbeat in the future is from before the clock was set back: it is reset to now.
        """
        self._session.execute(
            update(Tracker)
            .where(Tracker.heartbeat_at > now + FRESH_SECONDS)
            .values(heartbeat_at=now)
        )
        self._session.execute(delete(Tracker).where(Tracker.heartbeat_at <= now - DEAD_SECONDS))

    def others(self, tracker_id: str, now: float) -> list[tuple[str, int]]:
        """Return host and HTTP port of the other live trackers that serve stock clients."""
        rows = self._session.execute(
            select(Tracker.host, Tracker.http_port)
            .where(Tracker.id != tracker_id, Tracker.heartbeat_at > now - FRESH_SECONDS)
            .order_by(Tracker.host, Tracker.http_port)
        )
        return [(host, port) for host, port in rows if port is not None]

    def connect(
        self, connection_id: str, tracker_id: str, token_id: int, user_id: int, now: float
    ) -> None:
        """Record a logged-in connection."""
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
        """Count a user's logged-in connections, at all trackers."""
        query = select(func.count()).select_from(Connection)
        return self._session.scalar(query.where(Connection.user_id == user_id)) or 0

    def disconnect(self, connection_id: str) -> None:
        """Delete a connection with its peers."""
        self._session.execute(delete(Connection).where(Connection.id == connection_id))

    def is_connected(self, connection_id: str) -> bool:
        """Return whether the connection is still logged in: its token may have been revoked
        elsewhere.
        """
        query = select(Connection.id).where(Connection.id == connection_id)
        return self._session.scalar(query) is not None

    def online(self, user_ids: Collection[int], now: float) -> set[int]:
        """Return which of the users are online."""
        query = select(Connection.user_id).where(
            Connection.user_id.in_(user_ids), Connection.id.in_(live_connections(now))
        )
        return set(self._session.scalars(query))
