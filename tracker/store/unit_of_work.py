"""A unit of work: what is read and written together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy.orm import Session

from tracker.store.authorities import AuthorityRepository
from tracker.store.events import EventRepository
from tracker.store.files import FileRepository
from tracker.store.groups import GroupRepository
from tracker.store.peers import PeerRepository
from tracker.store.trackers import TrackerRepository
from tracker.store.users import UserRepository


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
        self.users = UserRepository(session)
        self.groups = GroupRepository(session)
        self.authorities = AuthorityRepository(session)
        self.files = FileRepository(session)
        self.peers = PeerRepository(session)
        self.trackers = TrackerRepository(session)
        self.events = EventRepository(session)


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
