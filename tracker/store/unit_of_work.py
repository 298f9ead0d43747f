"""The unit of work: reads and writes in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from tracker.store.database.clock import DatabaseClock
from tracker.store.database.event_watch import EVENTS, rendezvous_at
from tracker.store.events.events import EventRepository
from tracker.store.events.lists import EventListRepository
from tracker.store.events.parts import EventPartsRepository
from tracker.store.files.files import FileRepository
from tracker.store.files.lists import FileListRepository
from tracker.store.groups.authorities import AuthorityRepository
from tracker.store.groups.groups import GroupRepository
from tracker.store.groups.invitations import InvitationRepository
from tracker.store.listings import ListingRepository
from tracker.store.presence.peers import PeerRepository
from tracker.store.presence.presence import PresenceReader
from tracker.store.presence.rendezvous import RendezvousRepository
from tracker.store.presence.trackers import TrackerRepository
from tracker.store.presence.writer import PresenceWriter
from tracker.store.quotas import QuotaRepository
from tracker.store.sizes import SizeRepository
from tracker.store.users import UserRepository

T = TypeVar("T")


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
