"""Noticing quickly, and without reading them, that there may be new events."""

from __future__ import annotations

import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from contextlib import closing
from enum import Flag, auto
from typing import Any

import structlog
from sqlalchemy import Connection, Engine

from tracker.store.database.dialects import SERVER_LIMITS

_log = structlog.get_logger()

_CHANNEL = "minitorrent_events"
"""The PostgreSQL channel on which writers of events notify all trackers."""

EVENTS = "events"
"""The topic of events that somebody must hear of."""

_POLL_SECONDS = 2.0
"""Events are read at least this often on PostgreSQL, where a notification may be lost."""

_STOP_SECONDS = 0.5  # how long a listener may take to notice that it is to stop
_RETRY_SECONDS = 2.0


def rendezvous_at(tracker_id: str) -> str:
    """Return the topic of notices of rendezvous that a tracker has to send."""
    return f"rendezvous {tracker_id}"


class News(Flag):
    """What may be new."""

    EVENTS = auto()
    RENDEZVOUS = auto()


NOTHING = News(0)
ANYTHING = News.EVENTS | News.RENDEZVOUS


class EventWatch(ABC):
    """Tells whether there may be new events or notices of rendezvous, of any tracker.

    Calls `wake`, in any thread, when there may be some for this tracker from now on; not of what
    other SQLite trackers write, since asking costs almost nothing there.
    """

    def __init__(self, wake: Callable[[], None], tracker_id: str) -> None:
        self._wake = wake
        self._rendezvous_here = rendezvous_at(tracker_id)

    def note(self, *topics: str) -> None:
        """Take note of what this tracker has committed."""
        for topic in topics:
            self._note(self._concerns(topic))

    def _note(self, news: News) -> None:
        if news:
            self._wake()

    def _concerns(self, topic: str) -> News:
        """Return what a topic means for this tracker; earlier versions name none."""
        if topic == EVENTS:
            return News.EVENTS
        if topic == self._rendezvous_here:
            return News.RENDEZVOUS
        return NOTHING if topic.startswith(rendezvous_at("")) else ANYTHING

    @abstractmethod
    def news(self) -> News:
        """Return what may be there that wasn't at the last call."""

    @abstractmethod
    def close(self) -> None:
        """Stop watching."""


def watch_events(engine: Engine, wake: Callable[[], None], tracker_id: str) -> EventWatch:
    """Watch for what this tracker has to send."""
    if engine.dialect.name == "sqlite":
        return _SqliteWatch(engine, wake, tracker_id)
    return _Listener(engine, wake, tracker_id)


def commit_news(connection: Connection, topics: Collection[str]) -> None:
    """Commit a writer's transaction, and have PostgreSQL tell all trackers of these topics.

    The topics, which are ours and hold no quotes, and the commit go in one round trip.
    """
    if connection.dialect.name == "postgresql":
        told = [f"NOTIFY {_CHANNEL}, '{topic}'" for topic in topics]
        connection.exec_driver_sql(";".join([*told, "COMMIT"]))
    connection.commit()


class _SqliteWatch(EventWatch):
    """Asks SQLite whether any other connection, in any process, has committed something."""

    def __init__(self, engine: Engine, wake: Callable[[], None], tracker_id: str) -> None:
        super().__init__(wake, tracker_id)
        borrowed = engine.raw_connection()
        assert borrowed.dbapi_connection is not None
        self._connection = borrowed.dbapi_connection
        borrowed.detach()  # it no longer counts as one of the pool's
        self._version = self._ask()

    def news(self) -> News:
        former, self._version = self._version, self._ask()
        return ANYTHING if self._version is None or self._version != former else NOTHING

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

    def __init__(self, engine: Engine, wake: Callable[[], None], tracker_id: str) -> None:
        super().__init__(wake, tracker_id)
        self._engine = engine
        self._lock = threading.Lock()  # guards the next
        self._news = NOTHING
        self._stopped = threading.Event()
        self._last_poll = time.monotonic()
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="event listener", daemon=True)
        self._thread.start()

    def _note(self, news: News) -> None:
        with self._lock:
            self._news |= news
        super()._note(news)

    def news(self) -> News:
        with self._lock:
            found, self._news = self._news, NOTHING
        if time.monotonic() - self._last_poll >= _POLL_SECONDS:
            found = ANYTHING
        if found == ANYTHING:
            self._last_poll = time.monotonic()
        return found

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
            self._note(ANYTHING)  # what was written before
            while not self._stopped.is_set():
                for told in connection.notifies(timeout=_STOP_SECONDS, stop_after=1):
                    self.note(told.payload)
