"""The lock of the database's writers."""

from __future__ import annotations

import threading

from tests.support.waiting import wait_until
from tracker.store.queue_lock import QueueLock


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


def test_only_one_thread_holds_the_lock() -> None:
    lock, inside, most = QueueLock(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(300):
            with lock.held():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (inside, most) == (0, 1)
