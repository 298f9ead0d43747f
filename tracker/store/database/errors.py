"""The ways in which the database can fail."""

from __future__ import annotations


class DatabaseError(Exception):
    """The database failed or can't be opened; the message says why, in one line.

    `disk_full` says that it is out of disk space.
    """

    def __init__(self, reason: str, *, disk_full: bool = False) -> None:
        super().__init__(reason)
        self.disk_full = disk_full


class DatabaseBusyError(DatabaseError):
    """Too much waits for the database, so nothing was done; ask again in `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class DatabaseLostError(DatabaseError):
    """The connection to the database server broke, or none can be made; nothing was done."""


class InDoubtError(DatabaseError):
    """The connection broke while a unit of work was committed: it may have been, or not."""


class ConflictError(Exception):
    """The database rejected a write that would violate uniqueness or a reference."""
