"""Looking for new events: only when there may be some, and never missing one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tracker.frontend.periodic import Periodic
from tracker.store.engine import Store, open_store
from tracker.store.schema.events import Event

pytestmark = pytest.mark.sqlite


def add_event(store: Store, kind: str) -> None:
    with store.write() as work:
        work.events.add(
            Event(
                at=0.0,
                kind=kind,
                group_id=0,
                group_name="",
                actor="a",
                subject="b",
                text="",
                address="",
            )
        )


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database; tests/postgres/test_event_order.py has the same for PostgreSQL."""
    return f"sqlite:///{tmp_path / 'tracker.db'}"


def test_sqlite_tells_whether_any_tracker_has_written(url: str) -> None:
    woken = threading.Event()
    ours, other = open_store(url), open_store(url)
    watch = ours.watch_events(woken.set, "here")
    assert not watch.news()
    with ours.read() as work:
        work.events.last_id()
    assert not watch.news()
    add_event(other, "file_added")
    assert watch.news()
    assert not watch.news()
    assert not woken.is_set()
    add_event(ours, "login")
    assert not woken.is_set()  # only recorded
    assert watch.news()
    add_event(ours, "file_added")
    assert woken.is_set()
    assert watch.news()
    assert not watch.news()
    ours.close()
    other.close()
    assert watch.news()  # reading shows what the matter is


def test_a_reader_cannot_add_events(url: str) -> None:
    store = open_store(url)
    event = Event(
        at=0.0, kind="login", group_id=0, group_name="", actor="", subject="", text="", address=""
    )
    with pytest.raises(AssertionError, match="takes its turn"), store.read() as work:
        work.events.add(event)
    store.close()


def test_a_woken_task_runs_before_its_time() -> None:
    ran = threading.Event()
    task = Periodic("test-task", 3600, ran.set)
    task.start()
    for _ in range(3):
        ran.clear()
        task.wake()
        assert ran.wait(30)
    task.stop(30)
    ran.clear()
    task.wake()
    assert not ran.is_set()
