"""The lock of the database's writers."""

from __future__ import annotations

import threading

import pytest

from tests.support.together import run_together
from tests.support.waiting import wait_until
from tracker.store.database.queue_lock import QueueLock, QueueTooLongError


def test_the_lock_is_passed_in_order_with_urgent_waiters_first() -> None:
    lock, order = QueueLock(), list[str]()

    def work(name: str, urgent: bool) -> None:
        with lock.held(urgent=urgent):
            order.append(name)

    threads = []
    with lock.held():
        for name in ("a", "b", "beat", "c"):
            threads.append(threading.Thread(target=work, args=(name, name == "beat")))
            threads[-1].start()
            wait_until(lambda: len(lock._waiting) == len(threads), 10, "the next in the queue")
    for thread in threads:
        thread.join(10)
    assert order == ["beat", "a", "b", "c"]
    with lock.held():
        pass


def test_who_comes_to_a_full_queue_is_turned_away_unless_urgent() -> None:
    lock, done = QueueLock(most_waiting=1), threading.Semaphore(0)

    def work(*, urgent: bool) -> None:
        with lock.held(urgent=urgent):
            done.release()

    with lock.held():
        threading.Thread(target=work, kwargs={"urgent": False}, daemon=True).start()
        wait_until(lambda: len(lock._waiting) == 1, 10, "the queue to fill")
        threading.Thread(target=work, kwargs={"urgent": True}, daemon=True).start()
        wait_until(lambda: len(lock._waiting) == 2, 10, "an urgent one to join it")
        with pytest.raises(QueueTooLongError) as raised, lock.held():
            pass
    assert 1 <= raised.value.retry_after <= 30
    assert done.acquire(timeout=30)
    assert done.acquire(timeout=30)


def test_nobody_waits_for_ever() -> None:
    lock = QueueLock(patience=0.01)
    with lock.held():
        with pytest.raises(QueueTooLongError), lock.held():
            pass
        assert not lock._waiting
    with lock.held():
        pass


def test_as_many_hold_it_as_there_are_places() -> None:
    lock = QueueLock(2, most_waiting=0)
    with lock.held(), lock.held(), pytest.raises(QueueTooLongError), lock.held():
        pass
    with lock.held():
        pass


def test_only_one_thread_holds_the_lock() -> None:
    lock, inside, most = QueueLock(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(300):
            with lock.held():
                inside += 1
                most = max(most, inside)
                inside -= 1

    run_together([work] * 6, 30)
    assert (inside, most) == (0, 1)


def test_a_slow_queue_is_full_sooner() -> None:
    lock = QueueLock()
    threads = [threading.Thread(target=lambda: _enter(lock), daemon=True) for _ in range(100)]
    with lock.held():
        lock._turn_seconds = 0.04
        for thread in threads:
            thread.start()
        wait_until(lambda: len(lock._waiting) == 100, 30, "the queue to grow")
        with pytest.raises(QueueTooLongError) as raised, lock.held():
            pass
    assert raised.value.retry_after == 8
    for thread in threads:
        thread.join(30)


def _enter(lock: QueueLock) -> None:
    with lock.held():
        pass
