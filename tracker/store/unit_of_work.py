"""The unit of work: reads and writes in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from tracker.store.authorities import AuthorityRepository
from tracker.store.clock import DatabaseClock
from tracker.store.event_lists import EventListRepository
from tracker.store.event_parts import EventPartsRepository
from tracker.store.event_watch import EVENTS, rendezvous_at
from tracker.store.events import EventRepository
from tracker.store.file_lists import FileListRepository
from tracker.store.files import FileRepository
from tracker.store.groups import GroupRepository
from tracker.store.invitations import InvitationRepository
from tracker.store.listings import ListingRepository
from tracker.store.peers import PeerRepository
from tracker.store.presence import PresenceReader
from tracker.store.presence_writer import PresenceWriter
from tracker.store.quotas import QuotaRepository
from tracker.store.rendezvous import RendezvousRepository
from tracker.store.sizes import SizeRepository
from tracker.store.trackers import TrackerRepository
from tracker.store.users import UserRepository

T = TypeVar("T")


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


class UnitOfWork:
    """The repositories in one transaction."""

    def __init__(self, connection: Connection, clock: DatabaseClock) -> None:
        self.look_at_clock = partial(clock.look, connection)
        """Have the clock of the database tell its time; see DatabaseClock."""
        self.users = UserRepository(connection)
        self.groups = GroupRepository(connection)
        self.invitations = InvitationRepository(connection)
        self.authorities = AuthorityRepository(connection)
        self.files = FileRepository(connection)
        self.file_lists = FileListRepository(connection)
        self.sizes = SizeRepository(connection)
        self.quotas = QuotaRepository(connection)
        self.peers = PeerRepository(connection)
        self.presence = PresenceWriter(connection)
        self.trackers = TrackerRepository(connection)
        self.rendezvous = RendezvousRepository(connection)
        self.events = EventRepository(connection)
        self.event_lists = EventListRepository(connection)
        self.event_parts = EventPartsRepository(connection)
        self.listings = ListingRepository(connection)

    def topics(self) -> frozenset[str]:
        """Return what of that which was added somebody must hear of at once; see EventWatch."""
        events = {EVENTS} if self.events.has_news else set()
        return frozenset(events | {rendezvous_at(one) for one in self.rendezvous.added_at})


class UnitOfWorkFactory(Protocol):
    """The source of the services' units of work."""

    def read(self, *, urgent: bool = False) -> AbstractContextManager[UnitOfWork]:
        """Return a read-only unit of work on a snapshot. Raises DatabaseError.

        An urgent one waits for no other, on a connection kept for such.
        """
        ...

    def write(self, *, urgent: bool = False) -> AbstractContextManager[UnitOfWork]:
        """Return a unit of work, committed at the end of its block or rolled back when it raises.

        An urgent one goes ahead of all that wait, on a connection kept for such. Raises
        ConflictError when the database rejects a write, DatabaseError when it fails.
        """
        ...

    def look(self) -> AbstractContextManager[PresenceReader]:
        """Return what answers announces, on a snapshot for each question. Raises DatabaseError."""
        ...

    def presence(self, act: Callable[[PresenceWriter], T]) -> T:
        """Record an announce by calling `act`, possibly more than once, and commit it.

        It waits for no writers but those of the same user. Raises what `write` raises.
        """
        ...

    def presence_in_turn(self, act: Callable[[PresenceWriter], T]) -> T:
        """As `presence`, but in turn with all other writers, and committed together with those
        that wait for their turn, too.
        """
        ...
