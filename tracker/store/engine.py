"""Opening the database, and running units of work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from tracker.store.database.answer_limit import ANSWER_SECONDS, AnswerLimit
from tracker.store.database.clock import DatabaseClock
from tracker.store.database.dialects import (
    BUSY_SECONDS,
    CONNECTIONS,
    UPGRADE_SECONDS,
    looker,
    presence_writer,
    reader,
    writer,
)
from tracker.store.database.errors import (
    ConflictError,
    DatabaseBusyError,
    DatabaseError,
    InDoubtError,
)
from tracker.store.database.event_watch import EventWatch, commit_news, watch_events
from tracker.store.database.failures import failure, is_lost, reason_of
from tracker.store.database.location import check_is_ours, engine_for, only_one_opens
from tracker.store.database.queue_lock import QueueLock, QueueTooLongError
from tracker.store.database.timing import measure
from tracker.store.group_commit import GroupCommit, again_on_deadlock
from tracker.store.migrations.upgrade import upgrade
from tracker.store.presence.presence import PresenceReader
from tracker.store.presence.writer import PresenceWriter
from tracker.store.unit_of_work import UnitOfWork
from tracker.waits import waiting

T = TypeVar("T")

_URGENT_CONNECTIONS = 2  # the heartbeat and the notices, each in a thread of its own
_SQLITE_READERS = 2
"""Readers of an SQLite file at once. They compete for this process's interpreter: among seven, a
list takes 8 ms of processor time, alone 3 ms. With two, one may be slow without holding up all.
"""


class Store:
    """The tracker's database; safe for many threads and processes.

    `urgent` is an engine of its own for urgent units of work, which nothing else can use up;
    `connections` is the size of the other one's pool. `clock` tells the database's time.
    """

    def __init__(
        self,
        engine: Engine,
        urgent: Engine,
        connections: int,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._engine, self._urgent = engine, urgent
        self._reader, self._urgent_reader = reader(engine), reader(urgent)
        self._writer, self._urgent_writer = writer(engine), writer(urgent)
        # There is one writer at a time across all trackers. Within this process a lock is fairer
        # and faster than the database's, and waiting for it doesn't occupy a reader's connection.
        self._write_lock = QueueLock()
        measure(engine)
        measure(urgent)
        self.clock = DatabaseClock(is_shared=engine.dialect.name == "postgresql")
        self._writes_alone = engine.dialect.name == "sqlite"
        # The rest of the pool is for readers and announces; waiting here is bounded, in order.
        places = _SQLITE_READERS if self._writes_alone else connections
        self._read_lock = QueueLock(max(1, min(places, connections - 1)))
        self._looker = looker(engine)
        self._presence = presence_writer(engine)
        self._group = GroupCommit(self._record_in_turn, lambda: _turn(self._write_lock))
        self._watch: EventWatch | None = None
        is_server = engine.dialect.name == "postgresql"
        self._limit = AnswerLimit(answer_seconds, engine, urgent) if is_server else None

    @property
    def is_remote(self) -> bool:
        """Whether the database is a server's."""
        return not self._writes_alone

    def watch_events(self, wake: Callable[[], None], tracker_id: str) -> EventWatch:
        """Have `wake` called, in any thread, when this tracker may have something to send.

        Raises DatabaseError.
        """
        try:
            self._watch = watch_events(self._engine, wake, tracker_id)
        except SQLAlchemyError as error:
            raise failure(error, self._engine) from error
        return self._watch

    @contextmanager
    def read(self, *, urgent: bool = False) -> Iterator[UnitOfWork]:
        """Run a read-only unit of work on a snapshot. Raises DatabaseError.

        An urgent one waits for no other, on a connection kept for such.
        """
        with ExitStack() as stack:
            if not urgent:
                stack.enter_context(_turn(self._read_lock))
            engine = self._urgent_reader if urgent else self._reader
            yield UnitOfWork(stack.enter_context(_connected(engine)), self.clock)

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[UnitOfWork]:
        """Run a unit of work, committed at the end of the block or rolled back when it raises.

        An urgent one goes ahead of all that wait, on a connection kept for such. Raises
        ConflictError when the database rejects a write, DatabaseError when it fails.
        """
        engine = self._urgent_writer if urgent else self._writer
        with _turn(self._write_lock, urgent=urgent), _connected(engine) as connection:
            work = UnitOfWork(connection, self.clock)
            yield work
            topics = work.topics()
            _commit(connection, topics)
        if self._watch is not None:
            self._watch.note(*topics)

    def look_at_clock(self) -> None:
        """Have `clock` tell the database's time. Raises DatabaseError."""
        with _connected(self._urgent_reader) as connection:
            self.clock.look(connection)

    def writers_waiting(self) -> int:
        """Return the number of units of work that wait for their turn to write."""
        return self._write_lock.waiting()

    def connections_in_use(self) -> int:
        """Return the number of the pool's connections that are in use."""
        pool = self._engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    @contextmanager
    def look(self) -> Iterator[PresenceReader]:
        """Answer announces, on a snapshot for each question. Raises DatabaseError."""
        try:
            with _turn(self._read_lock), self._looker.connect() as connection:
                yield PresenceReader(connection)
        except SQLAlchemyError as error:
            raise failure(error, self._engine) from error

    def presence(self, act: Callable[[PresenceWriter], T]) -> T:
        """Record an announce by calling `act`, possibly more than once, and commit it.

        Events are not within its reach: they have to be committed in order. Raises ConflictError
        when the database rejects a write, DatabaseError when it fails.
        """
        if self._writes_alone:
            return self.presence_in_turn(act)
        with self._recording(), _turn(self._read_lock):
            return again_on_deadlock(lambda: self._record(self._presence, [act]))[0]

    def presence_in_turn(self, act: Callable[[PresenceWriter], T]) -> T:
        """As `presence`, but in turn with all other writers, and committed together with those
        that wait for their turn, too.
        """
        with self._recording():
            return self._group.run(act)

    @contextmanager
    def _recording(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise ConflictError(str(error.orig)) from error
        except SQLAlchemyError as error:
            raise failure(error, self._engine) from error

    def _record_in_turn(self, acts: Sequence[Callable[[PresenceWriter], T]]) -> list[T]:
        return self._record(self._writer, acts)

    @staticmethod
    def _record(engine: Engine, acts: Sequence[Callable[[PresenceWriter], T]]) -> list[T]:
        """Record presence in one transaction."""
        with engine.begin() as connection:
            work = PresenceWriter(connection)
            results = [act(work) for act in acts]
            with waiting():
                connection.commit()
            return results

    def close(self) -> None:
        """Close all connections to the database."""
        if self._watch is not None:
            self._watch.close()
        if self._limit is not None:
            self._limit.close()
        self._engine.dispose()
        self._urgent.dispose()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction. Raises ConflictError and DatabaseError, also when it can't be ended."""
    try:
        with engine.connect() as connection:
            connection.begin()  # a writer waits for its turn now, before it reads the clock
            yield connection
    except IntegrityError as error:
        raise ConflictError(str(error.orig)) from error
    except SQLAlchemyError as error:
        raise failure(error, engine) from error


def _commit(connection: Connection, topics: Collection[str]) -> None:
    """Commit, and tell of the topics. Raises InDoubtError if the answer doesn't arrive, otherwise
    as the database does.
    """
    try:
        with waiting():
            if topics:
                commit_news(connection, topics)
            else:
                connection.commit()
    except DBAPIError as error:
        if is_lost(error):
            raise InDoubtError(reason_of(error)) from error
        raise


@contextmanager
def _turn(lock: QueueLock, *, urgent: bool = False) -> Iterator[None]:
    """Hold the lock during a `with` block. Raises DatabaseBusyError."""
    try:
        with lock.held(urgent=urgent):
            yield
    except QueueTooLongError as error:
        raise DatabaseBusyError("too much waits for it", error.retry_after) from None


def open_store(
    url: str,
    busy_seconds: float = BUSY_SECONDS,
    connections: int = CONNECTIONS,
    answer_seconds: float = ANSWER_SECONDS,
) -> Store:
    """Open the database at `url` (an SQLAlchemy URL) and migrate it to the current schema.

    Its writers wait at most `busy_seconds` for those of other processes, and all units of work
    `answer_seconds` for a server that doesn't answer. It uses `connections`
    at most, and two more for what is urgent. Several trackers may do this at once: one migrates,
    the others wait. Raises DatabaseError.
    """
    engine = engine_for(url, busy_seconds, connections)
    try:
        with only_one_opens(engine):
            check_is_ours(engine)
            upgrade(engine, UPGRADE_SECONDS)
    except CommandError as error:
        engine.dispose()
        raise DatabaseError("it was created by a newer version of Minitorrent") from error
    except (SQLAlchemyError, OSError, DatabaseError) as error:
        engine.dispose()
        raise failure(error, engine) from error
    urgent = engine_for(url, busy_seconds, _URGENT_CONNECTIONS)
    store = Store(engine, urgent, connections, answer_seconds)
    try:
        store.look_at_clock()
    except DatabaseError:
        store.close()
        raise
    return store
