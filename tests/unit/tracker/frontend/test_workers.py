"""Threads for sessions: started when needed, ended when idle; few compute at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.waiting import wait_until
from tracker.frontend.workers import Workers
from tracker.waits import waiting

STACK = 512 * 1024
FOREVER = 3600.0


def running(workers: Workers) -> Iterator[Workers]:
    workers.start()
    yield workers
    workers.stop()
    wait_until(lambda: len(workers) == 0, 30, "all threads to end")


@pytest.fixture
def workers() -> Iterator[Workers]:
    yield from running(Workers(2, STACK, idle_seconds=0.01))


@pytest.fixture
def strict() -> Iterator[Workers]:
    """Two places, and no more while somebody waits without saying so."""
    yield from running(Workers(2, STACK, idle_seconds=0.01, patience=FOREVER))


def test_few_jobs_compute_at_once(strict: Workers) -> None:
    lock, computing, most, done = threading.Lock(), 0, 0, threading.Semaphore(0)

    def compute() -> None:
        nonlocal computing, most
        for _ in range(20):
            with lock:
                computing += 1
                most = max(most, computing)
            sum(range(1000))
            with lock:
                computing -= 1
            with waiting():
                time.sleep(0.0001)
        done.release()

    for _ in range(12):
        strict.run(compute)
    assert all(done.acquire(timeout=30) for _ in range(12))
    assert most <= 2


def test_any_number_may_wait(strict: Workers) -> None:
    everybody = threading.Barrier(9)

    def wait() -> None:
        with waiting(), waiting():
            everybody.wait(30)

    for _ in range(8):
        strict.run(wait)
    everybody.wait(30)


@pytest.fixture
def single() -> Iterator[Workers]:
    yield from running(Workers(1, STACK, idle_seconds=0.01, patience=FOREVER))


def test_who_has_waited_goes_ahead_of_who_comes(single: Workers) -> None:
    free, hold, order = threading.Event(), threading.Event(), list[str]()
    done = threading.Semaphore(0)

    def wait() -> None:
        with waiting():
            free.wait(30)
        order.append("waited")
        done.release()

    def come() -> None:
        order.append("came")
        done.release()

    single.run(wait)
    single.run(lambda: (hold.wait(30), None)[1])
    single.run(come)
    free.set()
    wait_until(lambda: len(single._returning) == 1, 30, "the thread to want its place again")
    assert single.backlog() == 1
    hold.set()
    assert all(done.acquire(timeout=30) for _ in range(2))
    assert order == ["waited", "came"]


def test_outside_of_a_job_waiting_means_nothing() -> None:
    with waiting():
        pass


def test_jobs_that_keep_others_waiting_are_taken_to_wait(workers: Workers) -> None:
    everybody = threading.Barrier(5)
    for _ in range(4):
        workers.run(lambda: (everybody.wait(30), None)[1])
    everybody.wait(30)
    wait_until(lambda: len(workers) == 1, 30, "idle threads to end")
    done = threading.Event()
    workers.run(done.set)
    assert done.wait(30)


@pytest.fixture
def patient() -> Iterator[Workers]:
    """One place, which others pass when it is held for long."""
    yield from running(Workers(1, STACK, idle_seconds=0.01))


def test_one_job_that_takes_long_is_passed_by_all_others(patient: Workers) -> None:
    long, done = threading.Event(), threading.Semaphore(0)
    patient.run(lambda: (long.wait(30), None)[1])
    for _ in range(50):
        patient.run(done.release)
    assert all(done.acquire(timeout=30) for _ in range(50))
    assert len(patient._slow) == 1, "no other had to be passed as well"
    long.set()
    wait_until(lambda: not patient._slow and patient._free == 1, 30, "one place again")


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

    def wait() -> None:
        with waiting():
            free.wait(30)

    workers.run(wait)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    wait_until(lambda: not workers._idle, 30, "the job to begin")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    workers.run(done.set)
    assert not done.is_set()
    free.set()
    assert done.wait(30)
