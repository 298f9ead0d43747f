"""Noticing quickly, and without reading them, that there may be new events."""

from __future__ import annotations

import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing
from typing import Any

import structlog
from sqlalchemy import Connection, Engine

from tracker.store.dialects import SERVER_LIMITS

_log = structlog.get_logger()

_CHANNEL = "minitorrent_events"
"""The PostgreSQL channel on which writers of events notify all trackers."""

_COMMIT = f"NOTIFY {_CHANNEL};COMMIT"
"""What ends a writer's transaction on PostgreSQL, in one round trip."""

_POLL_SECONDS = 2.0
"""Events are read at least this often on PostgreSQL, where a notification may be lost."""

_STOP_SECONDS = 0.5  # how long a listener may take to notice that it is to stop
_RETRY_SECONDS = 2.0


class EventWatch(ABC):
    """Tells whether there may be new events, of this tracker or of others.

    Calls `wake`, in any thread, when the answer is yes from now on; not of other SQLite trackers'
    events, since asking costs almost nothing there.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def note(self) -> None:
        """Take note that this tracker has committed events."""
        self._wake()

    @abstractmethod
    def has_news(self) -> bool:
        """Return whether there may be events that weren't there at the last call."""

    @abstractmethod
    def close(self) -> None:
        """Stop watching."""


def watch_events(engine: Engine, wake: Callable[[], None]) -> EventWatch:
    """Watch the events in a database."""
    if engine.dialect.name == "sqlite":
        return _SqliteWatch(engine, wake)
    return _Listener(engine, wake)


def commit_news(connection: Connection) -> None:
    """Commit a writer's transaction that adds events, and have PostgreSQL wake all trackers."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_COMMIT)
    connection.commit()


class _SqliteWatch(EventWatch):
    """Asks SQLite whether any other connection, in any process, has committed something."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        super().__init__(wake)
        borrowed = engine.raw_connection()
        assert borrowed.dbapi_connection is not None
        self._connection = borrowed.dbapi_connection
        borrowed.detach()  # it no longer counts as one of the pool's
        self._version = self._ask()

    def has_news(self) -> bool:
        former, self._version = self._version, self._ask()
        return self._version is None or self._version != former

    def close(self) -> None:
        self._connection.close()

    def _ask(self) -> int | None:
        """Return a number that changes with each commit; None if the database can't tell."""
        try:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute("PRAGMA data_version")
                row = cursor.fetchone()
        except sqlite3.Error:
            return None  # reading the events will show what the matter is
        return None if row is None else int(row[0])


class _Listener(EventWatch):
    """Listens to PostgreSQL in a thread, on a connection of its own; reconnects by itself."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        super().__init__(wake)
        self._engine = engine
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._last_poll = time.monotonic()
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="event listener", daemon=True)
        self._thread.start()

    def note(self) -> None:
        self._news.set()
        super().note()

    def has_news(self) -> bool:
        is_due = time.monotonic() - self._last_poll >= _POLL_SECONDS
        if not is_due and not self._news.is_set():
            return False
        self._news.clear()
        self._last_poll = time.monotonic()
        return True

    def close(self) -> None:
        self._stopped.set()
        self._thread.join(2 * _STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except Exception as error:  # whatever the driver raises: events are polled meanwhile
                if not self._is_failing:
                    _log.warning("not notified of events", reason=type(error).__name__)
                self._is_failing = True
                self._stopped.wait(_RETRY_SECONDS)

    def _listen(self) -> None:
        arguments, settings = self._engine.dialect.create_connect_args(self._engine.url)
        settings = {**SERVER_LIMITS, **settings, "autocommit": True}
        connection: Any = self._engine.dialect.connect(*arguments, **settings)
        with connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            self._is_failing = False
            self.note()  # what was written before
            while not self._stopped.is_set():
                if any(True for _ in connection.notifies(timeout=_STOP_SECONDS, stop_after=1)):
                    self.note()
