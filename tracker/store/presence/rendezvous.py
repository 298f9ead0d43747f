"""Notices of rendezvous, until the tracker that the recipient is connected to sends them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, select

from tracker.store.tables import connections, new_row, rendezvous

LIFETIME = 10.0
"""Seconds after which nobody needs to be told any more: whoever asked has given up."""

_ADD = new_row(rendezvous, "connection_id", "notice", "at")
_OF_TRACKER = select(connections.c.id).where(connections.c.tracker_id == bindparam("tracker_id"))
_IS_THERE = (
    select(rendezvous.c.id).where(rendezvous.c.connection_id.in_(_OF_TRACKER)).limit(1).exists()
)
_TAKE = (
    delete(rendezvous)
    .where(rendezvous.c.connection_id.in_(_OF_TRACKER))
    .returning(rendezvous.c.connection_id, rendezvous.c.notice)
)
_DELETE_EXPIRED = delete(rendezvous).where(rendezvous.c.at <= bindparam("since"))


class Waiting(NamedTuple):
    """A notice (JSON) for the client on a connection."""

    connection_id: str
    notice: str


class RendezvousRepository:
    """Notices of rendezvous, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute
        self.added_at: set[str] = set()
        """Trackers for which a notice was added, which they have to send at once."""

    def add(self, waiting: Waiting, tracker_id: str, now: float) -> None:
        """Have the tracker of this connection, which is the one given, send a notice.

        Raises ConflictError, when it is committed at the latest, if there is no such connection.
        """
        self._run(_ADD, {**waiting._asdict(), "at": now})
        self.added_at.add(tracker_id)

    def is_waiting(self, tracker_id: str) -> bool:
        """Return whether there are notices for clients of this tracker."""
        return bool(self._run(select(_IS_THERE), {"tracker_id": tracker_id}).scalar_one())

    def take(self, tracker_id: str) -> list[Waiting]:
        """Remove and return all notices for clients of this tracker."""
        return [Waiting._make(row) for row in self._run(_TAKE, {"tracker_id": tracker_id})]

    def delete_expired(self, now: float) -> None:
        """Delete notices that a tracker has failed to send."""
        self._run(_DELETE_EXPIRED, {"since": now - LIFETIME})
