"""A tracker's database that counts its units of work, and lets a test step in between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tracker.store.database.errors import ConflictError
from tracker.store.engine import Store
from tracker.store.presence.presence import PresenceReader
from tracker.store.presence.writer import PresenceWriter
from tracker.store.unit_of_work import UnitOfWork

T = TypeVar("T")


class WatchedDatabase:
    """Passes everything on to a store.

    `on_read` and `on_write` are called before each unit of work; what they raise, it raises. The
    next `conflicts` writes are rolled back and raise ConflictError.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.on_read: Callable[[], None] = _nothing
        self.on_write: Callable[[], None] = _nothing
        self.conflicts = 0
        self.reads = self.writes = 0

    @contextmanager
    def read(self, *, urgent: bool = False) -> Iterator[UnitOfWork]:
        """Run a read-only unit of work."""
        self.reads += 1
        self.on_read()
        with self._store.read(urgent=urgent) as work:
            yield work

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[UnitOfWork]:
        """Run a unit of work, committed unless a conflict is scheduled."""
        self.writes += 1
        self.on_write()
        with self._store.write(urgent=urgent) as work:
            yield work
            if self.conflicts:
                self.conflicts -= 1
                raise ConflictError

    @contextmanager
    def look(self) -> Iterator[PresenceReader]:
        """Answer announces."""
        self.reads += 1
        self.on_read()
        with self._store.look() as view:
            yield view

    def presence(self, act: Callable[[PresenceWriter], T]) -> T:
        """Record an announce, unless a conflict is scheduled."""
        self.writes += 1
        self.on_write()
        return self._store.presence(self._or_conflict(act))

    def presence_in_turn(self, act: Callable[[PresenceWriter], T]) -> T:
        """Record it in turn with the other writers, unless a conflict is scheduled."""
        self.writes += 1
        self.on_write()
        return self._store.presence_in_turn(self._or_conflict(act))

    def _or_conflict(self, act: Callable[[PresenceWriter], T]) -> Callable[[PresenceWriter], T]:
        def and_conflict(work: PresenceWriter) -> T:
            result = act(work)
            if self.conflicts:
                self.conflicts -= 1
                raise ConflictError
            return result

        return and_conflict


def _nothing() -> None:
    pass
