"""Events on PostgreSQL: committed in the order of their numbers, and noticed by all trackers."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import Any

import psycopg
import pytest

from tests.support.waiting import wait_until
from tracker.store.database.event_watch import ANYTHING, EVENTS, NOTHING, News, rendezvous_at
from tracker.store.engine import Store
from tracker.store.schema.events import Event

_INSERT = (
    "INSERT INTO events (at, kind, group_id, group_name, actor, subject, text)"
    " VALUES (0, 'file_added', 1, 'lab', 'a', %s, '')"
)


pytestmark = pytest.mark.usefixtures("on_postgresql")


def event(subject: str, kind: str = "file_added") -> Event:
    return Event(
        at=0.0,
        kind=kind,
        group_id=1,
        group_name="lab",
        actor="a",
        subject=subject,
        text="",
        address="",
    )


class Reader:
    """Continues from the last event that it has seen, as a tracker does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._position = 0
        self.seen: list[str] = []

    def read(self) -> list[str]:
        """Read the new events; return the subjects of all that were ever seen."""
        with self._store.read() as work:
            for one in work.events.pushed_after(self._position, 9):
                self.seen.append(one.subject)
            self._position = work.events.last_id()
        return self.seen


def ask(connection: psycopg.Connection[Any], statement: str) -> Any:
    row = connection.execute(statement).fetchone()
    return None if row is None else row[0]


def is_writer_waiting(watcher: psycopg.Connection[Any]) -> bool:
    """Whether a writer waits for another one's turn to end."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return bool(ask(watcher, waiting))


def test_an_event_with_a_lower_number_is_never_committed_later(
    url: str, stores: list[Store]
) -> None:
    """The first writer has its event's number, and holds back; the second must wait for it."""
    reader = Reader(stores[1])
    written = threading.Event()

    def write_at_the_other() -> None:
        with stores[1].write() as work:
            work.events.add(event("second"))
        written.set()

    thread = threading.Thread(target=write_at_the_other)
    with psycopg.connect(url, autocommit=True) as watcher:
        with stores[0].write() as work:
            work.events.add(event("first"))
            assert work.events.last_id() == 1  # has it written down, with its number
            thread.start()
            wait_until(lambda: written.is_set() or is_writer_waiting(watcher), 30, "the second")
            assert reader.read() == []
        thread.join(30)
    assert reader.read() == ["first", "second"]


def test_without_turns_an_event_would_be_missed(url: str, stores: list[Store]) -> None:
    """Why a unit of work that doesn't take its turn must not add events, and can't."""
    reader = Reader(stores[1])
    with psycopg.connect(url) as no_tracker:
        no_tracker.execute(_INSERT, ["first"])
        with stores[0].write() as work:
            work.events.add(event("second"))
        assert reader.read() == ["second"]
        no_tracker.commit()
    assert reader.read() == ["second"]


def test_all_trackers_are_woken_by_an_event(url: str, stores: list[Store]) -> None:
    """Also when PostgreSQL has cut the connection on which a tracker is notified."""
    woken = [threading.Event(), threading.Event()]
    watches = [
        store.watch_events(flag.set, "here") for store, flag in zip(stores, woken, strict=True)
    ]
    with psycopg.connect(url, autocommit=True) as watcher:
        for number in range(2):
            wait_until(lambda: _listeners(watcher) == 2, 30, "both to listen")
            for flag in woken:
                flag.clear()
            with stores[number].write() as work:
                work.events.add(event("x"))
            for flag, watch in zip(woken, watches, strict=True):
                assert flag.wait(30)
                assert News.EVENTS in watch.news()
            cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE " + _LISTENS
            assert ask(watcher, cut) == 2
    for flag in woken:
        assert flag.wait(30)  # what happened meanwhile may have been missed


def _listeners(watcher: psycopg.Connection[Any]) -> int:
    return int(ask(watcher, "SELECT count(*) FROM pg_stat_activity WHERE " + _LISTENS))


_LISTENS = (
    "query LIKE 'LISTEN %' AND datname = current_database() AND backend_type = 'client backend'"
)


@pytest.mark.parametrize(
    ("told", "news"),
    [
        (f", '{EVENTS}'", News.EVENTS),
        (f", '{rendezvous_at('here')}'", News.RENDEZVOUS),
        (f", '{rendezvous_at('elsewhere')}'", NOTHING),
        ("", ANYTHING),  # by a tracker of an earlier version
    ],
)
def test_a_notification_says_what_is_new(
    url: str, stores: list[Store], told: str, news: News
) -> None:
    woken = threading.Event()
    watch = stores[0].watch_events(woken.set, "here")
    with psycopg.connect(url, autocommit=True) as other:
        wait_until(lambda: _listeners(other) == 1, 30, "it to listen")
        assert woken.wait(30)  # for what was written before
        watch.news()
        woken.clear()
        other.execute("NOTIFY minitorrent_events" + told)
        if news:
            assert woken.wait(30)
            assert watch.news() == news
        other.execute(f"NOTIFY minitorrent_events, '{EVENTS}'")
        assert woken.wait(30)
        wait_until(lambda: watch.news() != NOTHING, 30, "the next notification")


def test_what_nobody_must_hear_of_wakes_nobody(url: str, stores: list[Store]) -> None:
    with closing(psycopg.connect(url, autocommit=True)) as listener:
        listener.execute("LISTEN minitorrent_events")
        for subject, kind in (("x", "login"), ("y", "file_added")):
            with stores[0].write() as work:
                work.events.add(event(subject, kind))
        with stores[0].read() as work:
            assert work.events.last_id() == 2
        assert len(list(listener.notifies(timeout=30, stop_after=1))) == 1
        assert list(listener.notifies(timeout=0)) == []
