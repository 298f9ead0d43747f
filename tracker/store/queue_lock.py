"""A first-in, first-out lock; urgent requests go first."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class QueueLock:
    """A lock held by one thread at a time; not reentrant."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the next two
        self._is_held = False
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def held(self, *, urgent: bool = False) -> Iterator[None]:
        """Hold the lock during a `with` block."""
        self._acquire(urgent=urgent)
        try:
            yield
        finally:
            self._release()

    def waiting(self) -> int:
        """Return the number of threads that wait for the lock."""
        return len(self._waiting)

    def _acquire(self, *, urgent: bool) -> None:
        with self._lock:
            if not self._is_held:
                self._is_held = True
                return
            turn = threading.Event()
            if urgent:
                self._waiting.appendleft(turn)
            else:
                self._waiting.append(turn)
        turn.wait()

    def _release(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()  # passed on without releasing it
            else:
                self._is_held = False
