"""A unit of work: what is read and written together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy.orm import Session

from tracker.store.authorities import Authorities
from tracker.store.events import Events
from tracker.store.files import Files
from tracker.store.groups import Groups
from tracker.store.peers import Peers
from tracker.store.trackers import Trackers
from tracker.store.users import Users


class DatabaseError(Exception):
    """The database fails or can't be opened; the text says why, in one line.

    `disk_full`: because there is no room for it.
    """

    def __init__(self, reason: str, *, disk_full: bool = False) -> None:
        super().__init__(reason)
        self.disk_full = disk_full


class ConflictError(Exception):
    """The database refused a write because it would break uniqueness or a reference."""


class UnitOfWork:
    """One unit of work: the repositories on one database session."""

    def __init__(self, session: Session) -> None:
        self.users = Users(session)
        self.groups = Groups(session)
        self.authorities = Authorities(session)
        self.files = Files(session)
        self.peers = Peers(session)
        self.trackers = Trackers(session)
        self.events = Events(session)


class UnitOfWorkFactory(Protocol):
    """Where services get their units of work from."""

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A unit of work that only reads; it sees one moment's state. Raises DatabaseError."""
        ...

    def write(self, *, urgent: bool = False) -> AbstractContextManager[UnitOfWork]:
        """A unit of work, committed when the block ends, undone when it raises.

        An urgent one goes before all that wait. Raises ConflictError when the database refuses what
        was written, DatabaseError when it fails.
        """
        ...
