"""Waking a thread that waits for a socket."""

from __future__ import annotations

import contextlib
import selectors
import socket


class Waker:
    """One thread waits here for its socket; any thread may wake it. Closed by the waiting one."""

    def __init__(self, watched: socket.socket) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)
        self._watched = watched
        self._selector = selectors.DefaultSelector()
        self._selector.register(watched, selectors.EVENT_READ)
        self._selector.register(self._receiver, selectors.EVENT_READ)

    def wait(self, timeout: float | None) -> bool:
        """Wait (seconds; None: for ever) for input or to be woken; True when there is input."""
        ready = {key.fileobj for key, _ in self._selector.select(timeout)}
        if self._receiver in ready:
            with contextlib.suppress(BlockingIOError):
                self._receiver.recv(4096)
        return self._watched in ready

    def wake(self) -> None:
        """End the present wait, or the next one at once."""
        # A full buffer means that it is woken already; a closed socket, that nobody waits.
        with contextlib.suppress(OSError):
            self._sender.send(b"\0")

    def close(self) -> None:
        """Free the descriptors, except the watched socket."""
        self._selector.close()
        self._receiver.close()
        self._sender.close()
