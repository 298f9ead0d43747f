"""Waiting for sockets without a thread for each."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tracker.frontend.waker import Poller, Waker
from tracker.frontend.workers import Workers


@pytest.fixture
def poller() -> Iterator[Poller]:
    workers = Workers()
    workers.start()
    poller = Poller(workers.run)
    poller.start()
    yield poller
    poller.stop(10)
    workers.stop()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def test_input_calls_back_once(poller: Poller, pair: Pair) -> None:
    waker, called = Waker(pair[0], poller), threading.Semaphore(0)
    assert waker.call(lambda: called.release())
    pair[1].send(b"x")
    assert called.acquire(timeout=30)
    waker.wake()
    assert not called.acquire(blocking=False)
    assert not waker.call(lambda: None)  # the wake-up was for this one
    assert waker.call(lambda: called.release())  # and there is still input
    assert called.acquire(timeout=30)


def test_a_deadline_calls_back(poller: Poller, pair: Pair) -> None:
    waker, called = Waker(pair[0], poller), threading.Event()
    assert waker.call(called.set, time.monotonic())
    assert called.wait(30)


def test_any_thread_ends_a_wait(poller: Poller, pair: Pair) -> None:
    waker = Waker(pair[0], poller)
    threading.Timer(0.01, waker.wake).start()
    assert not waker.wait(None)
    waker.wake()
    assert not waker.wait(None)
    assert not waker.wait(0.0)


def test_a_stopped_poller_lets_nobody_wait(poller: Poller, pair: Pair) -> None:
    waker, called = Waker(pair[0], poller), threading.Event()
    assert waker.call(called.set)
    poller.stop(10)
    assert called.wait(30)
    assert not waker.call(called.set)
    assert not waker.wait(None)
