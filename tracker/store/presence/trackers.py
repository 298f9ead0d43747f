"""Running trackers and their connections."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, TypeAlias

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Double,
    Exists,
    Select,
    SQLColumnExpression,
    String,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from common.types import Endpoint
from tracker.store.tables import (
    connections,
    in_parts,
    new_row,
    one_of,
    peers,
    tokens,
    trackers,
)

FRESH_SECONDS = 8.0
"""A tracker without a heartbeat for this long, and everything it holds, is ignored."""

DEAD_SECONDS = 60.0
"""A tracker without a heartbeat for this long is deleted: time enough to recover from a stall."""


Time: TypeAlias = float | BindParameter[float]


def is_live(connection_id: SQLColumnExpression[str | None], since: Time) -> Exists:
    """Whether the connection with this id is to a tracker with a heartbeat after `since`."""
    return _heartbeat_of(connection_id).where(trackers.c.heartbeat_at > since).exists()


def is_present(now: Time, since: Time, *, few: bool = False) -> ColumnElement[bool]:
    """Whether a peer counts: its announce hasn't expired, or its connection is live.

    For `few` of many peers, connections are looked up one by one, as a comparison has it. With
    EXISTS, PostgreSQL may rather collect all live connections first.
    """
    connection_id = peers.c.connection_id
    if few:
        live: ColumnElement[bool] = _heartbeat_of(connection_id).scalar_subquery() > since
    else:
        live = is_live(connection_id, since)
    return or_(peers.c.expires_at > now, live)


def _heartbeat_of(connection_id: SQLColumnExpression[str | None]) -> Select[float]:
    return (
        select(trackers.c.heartbeat_at)
        .join(connections, connections.c.tracker_id == trackers.c.id)
        .where(connections.c.id == connection_id)
        .correlate_except(connections, trackers)
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


_USER_ID: BindParameter[int] = bindparam("user_id")
_ID: BindParameter[str] = bindparam("of_id")
_SINCE: BindParameter[float] = bindparam("since")

_ADD = new_row(trackers, "id", "host", "port", "http_port", "heartbeat_at")
_BEAT = (
    update(trackers)
    .where(trackers.c.id == _ID)
    .values(heartbeat_at=bindparam("now"))
    .returning(trackers.c.id)
)
_BEATS_IN_FUTURE = (
    update(trackers)
    .where(trackers.c.heartbeat_at > bindparam("latest"))
    .values(heartbeat_at=bindparam("now"))
)
_DELETE_DEAD = delete(trackers).where(trackers.c.heartbeat_at <= _SINCE)
_ADD_ADDRESS = (
    update(connections)
    .where(connections.c.token_id == bindparam("of_token"))
    .values(other_host=bindparam("at_host"), other_port=bindparam("at_port"))
)
_CONNECT = new_row(
    connections,
    "id",
    "tracker_id",
    "token_id",
    "user_id",
    "opened_at",
    "host",
    "port",
    "local",
)
_RECONNECT = insert(connections).from_select(
    ["id", "tracker_id", "token_id", "user_id", "opened_at", "local"],
    select(
        bindparam("of_id", type_=String),
        bindparam("tracker_id", type_=String),
        tokens.c.id,
        tokens.c.user_id,
        bindparam("now", type_=Double),
        bindparam("from_local", type_=String),
    ).where(tokens.c.id == bindparam("of_token")),
)
_IS_REGISTERED = select(trackers.c.id).where(trackers.c.id == _ID)
_IDS = select(connections.c.id).where(connections.c.user_id == _USER_ID)
_ONLINE = (
    select(connections.c.user_id)
    .join(trackers, trackers.c.id == connections.c.tracker_id)
    .where(
        one_of(connections.c.user_id, "user_ids"),
        trackers.c.heartbeat_at > _SINCE,
    )
)


class TrackerRepository:
    """Trackers and connections, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def add(self, tracker_id: str, site: Site, now: float) -> None:
        """Register a tracker."""
        values = {
            "id": tracker_id,
            "host": site.host,
            "port": site.port,
            "http_port": site.http_port,
            "heartbeat_at": now,
        }
        self._run(_ADD, values)

    def remove_former(self, site: Site) -> None:
        """Delete an earlier instance at this address, with its connections and peers."""
        self._run(
            delete(trackers).where(trackers.c.host == site.host, trackers.c.port == site.port)
        )

    def beat(self, tracker_id: str, now: float) -> bool:
        """Update a tracker's heartbeat; return False if the others have deleted it."""
        return self._run(_BEAT, {"of_id": tracker_id, "now": now}).first() is not None

    def remove(self, tracker_id: str) -> None:
        """Delete a tracker with its connections and their peers."""
        self._run(delete(trackers).where(trackers.c.id == tracker_id))

    def users_at(self, tracker_id: str) -> set[int]:
        """Return the ids of the users connected to a tracker."""
        query = select(connections.c.user_id).where(connections.c.tracker_id == tracker_id)
        return set(self._run(query).scalars())

    def adjust_for_clock_jump(self, before: float, now: float) -> None:
        """Shift heartbeats after the clock jumped forward from `before` to `now`.

        Several trackers may notice: a heartbeat is not shifted twice.
        """
        not_yet = trackers.c.heartbeat_at < (before + now) / 2
        self._run(
            update(trackers)
            .where(trackers.c.heartbeat_at > before - DEAD_SECONDS, not_yet)
            .values(heartbeat_at=trackers.c.heartbeat_at + (now - before))
        )

    def delete_expired(self, now: float) -> None:
        """Delete dead trackers with everything they hold.

        A heartbeat in the future is from before the clock was set back: it is reset to now.
        """
        self._run(_BEATS_IN_FUTURE, {"latest": now + FRESH_SECONDS, "now": now})
        self._run(_DELETE_DEAD, {"since": now - DEAD_SECONDS})

    def others(self, tracker_id: str, now: float) -> list[tuple[str, int]]:
        """Return host and HTTP port of the other live trackers that serve stock clients."""
        rows = self._run(
            select(trackers.c.host, trackers.c.http_port)
            .where(trackers.c.id != tracker_id, trackers.c.heartbeat_at > now - FRESH_SECONDS)
            .order_by(trackers.c.host, trackers.c.http_port)
        )
        return [(host, port) for host, port in rows if port is not None]

    def connect(
        self,
        connection_id: str,
        tracker_id: str,
        token_id: int,
        user_id: int,
        now: float,
        seen_at: Endpoint,
        local: str,
    ) -> None:
        """Record a logged-in connection, where it comes from, and its client's encoded local
        addresses.
        """
        values = {
            "id": connection_id,
            "tracker_id": tracker_id,
            "token_id": token_id,
            "user_id": user_id,
            "opened_at": now,
            "host": seen_at.host,
            "port": seen_at.port,
            "local": local,
        }
        self._run(_CONNECT, values)

    def add_address(self, token_id: int, address: Endpoint) -> None:
        """Record an address of the other family for the connections of a login."""
        values = {"of_token": token_id, "at_host": address.host, "at_port": address.port}
        self._run(_ADD_ADDRESS, values)

    def reconnect(self, tracker_id: str, logins: Mapping[str, tuple[int, str]], now: float) -> None:
        """Record connections again, each with its token and encoded local addresses, except those
        whose tokens are gone.
        """
        for some in in_parts(logins):
            rows = [
                {
                    "of_id": one,
                    "tracker_id": tracker_id,
                    "of_token": logins[one][0],
                    "from_local": logins[one][1],
                    "now": now,
                }
                for one in some
            ]
            self._run(_RECONNECT, rows)

    def is_registered(self, tracker_id: str) -> bool:
        """Return whether a tracker is registered."""
        return self._run(_IS_REGISTERED, {"of_id": tracker_id}).first() is not None

    def connections_of(self, user_id: int) -> set[str]:
        """Return the ids of a user's logged-in connections, at all trackers."""
        return set(self._run(_IDS, {"user_id": user_id}).scalars())

    def online(self, user_ids: Collection[int], now: float) -> set[int]:
        """Return which of the users are online."""
        since, found = now - FRESH_SECONDS, set[int]()
        for some in in_parts(user_ids):
            found.update(self._run(_ONLINE, {"user_ids": some, "since": since}).scalars())
        return found
