"""Threads for sessions: started when needed, ended when idle."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.waiting import wait_until
from tracker.frontend.workers import Workers

STACK = 512 * 1024


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers(STACK, idle_seconds=0.01)
    workers.start()
    yield workers
    workers.stop()
    wait_until(lambda: len(workers) == 0, 30, "all threads to end")


def test_jobs_run_side_by_side_and_all_threads_but_one_end(workers: Workers) -> None:
    everybody = threading.Barrier(5)
    for _ in range(4):
        workers.run(lambda: (everybody.wait(30), None)[1])
    everybody.wait(30)
    wait_until(lambda: len(workers) == 1, 30, "idle threads to end")
    done = threading.Event()
    workers.run(done.set)
    assert done.wait(30)


def test_a_job_that_fails_ends_no_thread(workers: Workers) -> None:
    def fail() -> None:
        raise ValueError

    done = threading.Event()
    workers.run(fail)
    workers.run(done.set)
    assert done.wait(30)


def test_without_threads_a_job_waits_for_another_to_end(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, done = threading.Event(), threading.Event()
    workers.run(lambda: (free.wait(30), None)[1])

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    wait_until(lambda: not workers._idle, 30, "the job to begin")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    workers.run(done.set)
    assert not done.is_set()
    free.set()
    assert done.wait(30)
