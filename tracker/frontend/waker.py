"""Waiting for sockets without a thread or an extra descriptor for each.

One poller waits for all the sockets. Whoever waits for one leaves a callback, which is called once:
when there is input, when somebody wakes it, or when its time is up.
"""

from __future__ import annotations

import contextlib
import math
import select
import selectors
import socket
import threading
import time
from collections.abc import Callable

from tracker.waits import waiting

_TICK = 1.0  # seconds between looks at whose time is up


class Poller:
    """Waits for many wakers' sockets.

    Each turn is a job of its own, given to `run`. So whoever polls can go on with what has woken,
    and no other thread has to.
    """

    def __init__(self, run: Callable[[Callable[[], None]], None]) -> None:
        # epoll and kqueue notice sockets registered while they wait.
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()  # guards the selector's table and `_deadlines`
        self._deadlines: dict[Waker, float] = {}  # of all that are watched
        self._receiver, self._sender = socket.socketpair()
        self._selector.register(self._receiver, selectors.EVENT_READ)
        self._is_closed = False
        self._run = run
        self._looked_at = time.monotonic()
        self._ended = threading.Event()
        self._ended.set()

    def start(self) -> None:
        """Start waking."""
        self._ended.clear()
        self._run(self._turn)

    def stop(self, timeout: float) -> None:
        """Stop; every present and future wait ends at once."""
        with self._lock:
            self._is_closed = True
        with contextlib.suppress(OSError):  # already stopped
            self._sender.send(b"\0")
        self._ended.wait(timeout)

    def watch(self, waker: Waker, deadline: float) -> bool:
        """Wake this waker when its socket has input, or soon after `deadline` (time.monotonic).

        Returns False if the poller has stopped.
        """
        with self._lock:
            if not self._is_closed:
                self._selector.register(waker.watched, selectors.EVENT_READ, waker)
                self._deadlines[waker] = deadline
            return not self._is_closed

    def forget(self, waker: Waker) -> None:
        """Stop watching the waker's socket, which may be closed after this."""
        with self._lock:
            if self._deadlines.pop(waker, None) is not None:
                self._selector.unregister(waker.watched)

    def _turn(self) -> None:
        """Wait once and wake whom it concerns; the next turn is behind what that gives to do."""
        with waiting():
            ready = self._selector.select(_TICK)
        for key, _ in ready:
            if key.data is not None:
                key.data.wake()
        now = time.monotonic()
        if now - self._looked_at >= _TICK:
            self._looked_at = now
            self._wake_until(now)
        if self._is_closed:
            self._finish()
        else:
            self._run(self._turn)

    def _finish(self) -> None:
        self._wake_until(math.inf)
        self._selector.close()
        self._receiver.close()
        self._sender.close()
        self._ended.set()

    def _wake_until(self, now: float) -> None:
        with self._lock:
            late = [waker for waker, deadline in self._deadlines.items() if deadline <= now]
        for waker in late:
            waker.wake()


class Waker:
    """Lets one party at a time wait for a socket, and any thread wake it."""

    def __init__(self, watched: socket.socket, poller: Poller) -> None:
        self.watched = watched
        self._poller = poller
        self._lock = threading.Lock()  # guards the next two; never held in a callback
        self._callback: Callable[[], None] | None = None  # of who waits, if anyone
        self._is_woken = False
        self._poll = select.poll()
        self._poll.register(watched, select.POLLIN)

    def call(self, callback: Callable[[], None], deadline: float = math.inf) -> bool:
        """Have `callback` called once, by any thread: after input, a wake-up or `deadline`.

        Returns False, and doesn't call it, if it was woken already.
        """
        with self._lock:
            is_early = self._is_woken or not self._poller.watch(self, deadline)
            self._is_woken = False
            if not is_early:
                self._callback = callback
            return not is_early

    def wait(self, timeout: float | None) -> bool:
        """Wait (seconds; None: forever) for input or a wake-up; return whether there is input."""
        if not self.has_input():
            woken = threading.Event()
            if self.call(woken.set) and not woken.wait(timeout):
                self._stop_waiting()
        return self.has_input()

    def wake(self) -> None:
        """End the current wait, or the next one at once."""
        callback = self._stop_waiting()
        if callback is not None:
            callback()

    def _stop_waiting(self) -> Callable[[], None] | None:
        """Return the callback of who waited; if nobody did, the next wait ends at once."""
        with self._lock:
            callback, self._callback = self._callback, None
            if callback is None:
                self._is_woken = True
            else:
                self._poller.forget(self)
            return callback

    def has_input(self) -> bool:
        """Return whether the socket has input, or has ended."""
        return bool(self._poll.poll(0))
