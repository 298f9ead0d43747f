"""Opening the database, and running units of work."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Connection, Engine, exc, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from common.process.installing import install_command
from tracker.store.answer_limit import ANSWER_SECONDS, AnswerLimit
from tracker.store.clock import DatabaseClock
from tracker.store.dialects import (
    BUSY_SECONDS,
    CONNECTIONS,
    UPGRADE_SECONDS,
    looker,
    make_engine,
    presence_writer,
    reader,
    writer,
)
from tracker.store.event_watch import EventWatch, commit_news, watch_events
from tracker.store.group_commit import GroupCommit, again_on_deadlock
from tracker.store.migrations.upgrade import upgrade
from tracker.store.presence import PresenceReader
from tracker.store.presence_writer import PresenceWriter
from tracker.store.queue_lock import QueueLock, QueueTooLongError
from tracker.store.timing import measure
from tracker.store.unit_of_work import (
    ConflictError,
    DatabaseBusyError,
    DatabaseError,
    DatabaseLostError,
    InDoubtError,
    UnitOfWork,
)
from tracker.waits import waiting

T = TypeVar("T")

_DRIVERS = {"psycopg": "psycopg[binary]"}
"""The package to install for each database driver that the documentation names."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_URGENT_CONNECTIONS = 2  # the heartbeat and the notices, each in a thread of its own
_RETRY_AFTER = 5  # seconds, when the database itself was waited for in vain
_LOST = frozenset({"57P", "080"})
"""The first three of SQL states: the server ends, starts, or was cut off."""

_BUSY = frozenset({"55P03", "57014", "53300"})  # lock_timeout, a cancelled statement, no connection
_ROOM = 1 << 16  # free bytes below which SQLite can't create or extend its files


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
        if _is_lost(error):
            raise InDoubtError(_reason(error)) from error
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


def engine_for(
    url: str,
    busy_seconds: float = BUSY_SECONDS,
    connections: int = CONNECTIONS,
    *,
    read_only: bool = False,
) -> Engine:
    """Return an engine for the database at `url`, without connecting. Raises DatabaseError."""
    try:
        return make_engine(url, busy_seconds, connections, read_only=read_only)
    except ModuleNotFoundError as error:
        driver = _DRIVERS.get(error.name or "")
        remedy = f"; type: {install_command(driver)}" if driver else ""
        raise DatabaseError(f"its driver {error.name} is not installed{remedy}") from None
    except (ArgumentError, ImportError, TypeError, ValueError):
        raise DatabaseError("the database URL is not valid") from None


def kind_of(url: str) -> str | None:
    """Return what kind of database a URL names, such as `sqlite`; None if it isn't valid."""
    try:
        return make_url(url).get_backend_name()
    except ArgumentError:
        return None


def database_file(url: str) -> Path | None:
    """Return the path of an SQLite database, whether it exists or not; otherwise None."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    path = parsed.database
    is_file = parsed.get_backend_name() == "sqlite" and path != ":memory:"
    return Path(path) if is_file and path else None


def only_one_opens(engine: Engine) -> AbstractContextManager[object]:
    """Lock the database file: one process at a time switches to WAL and creates tables."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return nullcontext()
    folder = Path(path).parent
    if not folder.is_dir():
        raise DatabaseError(f"there is no folder {folder}")
    return FileLock(f"{path}.lock", timeout=UPGRADE_SECONDS)


def check_is_ours(engine: Engine) -> None:
    """Raise DatabaseError for another program's SQLite file, without modifying it."""
    path = Path(engine.url.database or "")
    if engine.dialect.name != "sqlite" or not path.is_file():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            tables = {name for (name,) in rows}
    except sqlite3.Error:
        return  # any fault is reported when the database is opened for use
    if tables and not tables >= {"alembic_version", "users"}:
        raise DatabaseError(
            f"{path} belongs to another program; choose another file with --database"
        )


def failure(error: Exception, engine: Engine) -> DatabaseError:
    """Turn a failure into a DatabaseError, recognizing a full disk in each database's own terms."""
    if _is_full(error, engine):
        return DatabaseError("the disk is full", disk_full=True)
    if _is_busy(error):
        return DatabaseBusyError(_reason(error), _RETRY_AFTER)
    if _is_lost(error):
        return DatabaseLostError(_reason(error))
    return DatabaseError(_reason(error))


def _is_busy(error: Exception) -> bool:
    """Return whether others kept the database busy for too long."""
    cause = getattr(error, "orig", None)
    return (
        isinstance(error, exc.TimeoutError)
        or getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        or getattr(cause, "sqlstate", None) in _BUSY
    )


def _is_lost(error: Exception) -> bool:
    """Return whether the connection to PostgreSQL broke, or couldn't be made."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", "")  # None: the driver noticed it by itself
    is_failure_of_connection = isinstance(error, exc.OperationalError) and state is None
    is_told = (state or "")[:3] in _LOST
    return error.connection_invalidated or is_failure_of_connection or is_told


def _is_full(error: Exception, engine: Engine) -> bool:
    """Return whether the disk is full: SQLite may report that, or merely that it can't write."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    cause = getattr(error, "orig", error)
    number = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if number == sqlite3.SQLITE_FULL or type(cause).__name__ == "DiskFull":
        return True
    if number not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) or not engine.url.database:
        return False
    try:
        return shutil.disk_usage(Path(engine.url.database).parent).free < _ROOM
    except OSError:
        return False


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}"
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).split())[:300] or type(error).__name__
