"""Waking of threads that wait for a socket, without an extra descriptor for each.

Each thread waits for its own socket and for a wake-up. One poller waits for all the sockets and
wakes the right thread, so a connection needs only one descriptor.
"""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
import threading


class Poller:
    """Waits for many wakers' sockets, in its own thread."""

    def __init__(self) -> None:
        # epoll and kqueue notice sockets registered while they wait.
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()  # guards the selector's table and the wakers' `is_armed`
        self._receiver, self._sender = socket.socketpair()
        self._selector.register(self._receiver, selectors.EVENT_READ)
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Start waking threads."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Stop; every present and future wait returns at once."""
        with self._lock:
            self._is_closed = True
        with contextlib.suppress(OSError):  # already stopped
            self._sender.send(b"\0")
        self._thread.join(timeout)

    def arm(self, waker: Waker) -> None:
        """Wake this waker once when its socket has input."""
        with self._lock:
            if self._is_closed:
                waker.wake()
            else:
                self._selector.register(waker.watched, selectors.EVENT_READ, waker)
                waker.is_armed = True

    def disarm(self, waker: Waker) -> None:
        """Stop watching the waker's socket, which may be closed after this."""
        with self._lock:
            self._disarm(waker)

    def _disarm(self, waker: Waker) -> None:
        if waker.is_armed:
            waker.is_armed = False
            self._selector.unregister(waker.watched)

    def _run(self) -> None:
        while not self._is_closed:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self.disarm(key.data)
                    key.data.wake()
        self._close()

    def _close(self) -> None:
        with self._lock:
            for key in list(self._selector.get_map().values()):
                if key.data is not None:
                    self._disarm(key.data)
                    key.data.wake()
            self._selector.close()
        self._receiver.close()
        self._sender.close()


class Waker:
    """Lets one thread wait for its socket, and any thread wake it."""

    def __init__(self, watched: socket.socket, poller: Poller) -> None:
        self.watched = watched
        self.is_armed = False
        self._poller = poller
        self._woken = threading.Event()
        self._poll = select.poll()
        self._poll.register(watched, select.POLLIN)

    def wait(self, timeout: float | None) -> bool:
        """Wait (seconds; None: forever) for input or a wake-up; return whether there is input."""
        if not self._has_input():
            self._poller.arm(self)
            try:
                self._woken.wait(timeout)
            finally:
                self._poller.disarm(self)
        self._woken.clear()
        return self._has_input()

    def wake(self) -> None:
        """End the current wait, or the next one at once."""
        self._woken.set()

    def _has_input(self) -> bool:
        return bool(self._poll.poll(0))
