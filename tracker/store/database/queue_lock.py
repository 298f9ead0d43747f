"""A first-in, first-out lock with a bound on waiting for it; urgent requests go first."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from tracker.waits import waiting

MOST_WAITING = 500
"""Threads that wait for a lock; further ones are turned away at once, as when it takes long."""

PATIENCE = 20.0
"""Seconds that a thread waits for a lock at most."""

_LONGEST_QUEUE = 3.0  # seconds that the last in it will probably have to wait
_SHORT = 100  # threads in a queue that is never too long
_LONGEST_PAUSE = 30  # seconds after which to ask again, at most
_WEIGHT = 0.05  # of the latest turn in the average


class QueueTooLongError(Exception):
    """Too many wait, or it took too long; it should go better after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"busy for {retry_after} s")
        self.retry_after = retry_after


class _Turn:
    """A thread in the queue."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.granted_at = 0.0

    def call(self, now: float) -> None:
        self.granted_at = now
        self.called.set()


class QueueLock:
    """A lock held by at most `places` threads at a time; not reentrant."""

    def __init__(
        self, places: int = 1, most_waiting: int = MOST_WAITING, patience: float = PATIENCE
    ) -> None:
        self._places = places
        self._most_waiting = most_waiting
        self._patience = patience
        self._lock = threading.Lock()  # guards the rest
        self._free = places
        self._waiting: deque[_Turn] = deque()
        self._turn_seconds = 0.0  # of one thread, on average, from the end of the one before

    @contextmanager
    def held(self, *, urgent: bool = False) -> Iterator[None]:
        """Hold the lock during a `with` block. Raises QueueTooLongError, unless urgent."""
        granted_at = self._acquire(urgent=urgent)
        try:
            yield
        finally:
            self._release(granted_at)

    def waiting(self) -> int:
        """Return the number of threads that wait for the lock."""
        return len(self._waiting)

    def _acquire(self, *, urgent: bool) -> float:
        """Wait for the lock; return since when it has been this thread's."""
        with self._lock:
            if self._free:
                self._free -= 1
                return time.monotonic()
            turn = _Turn()
            if urgent:
                self._waiting.appendleft(turn)
            elif self._has_room():
                self._waiting.append(turn)
            else:
                raise self._too_long()
        with waiting():
            is_called = turn.called.wait(None if urgent else self._patience)
        if not is_called:
            with self._lock:
                if not turn.called.is_set():  # called at the last moment
                    self._waiting.remove(turn)
                    raise self._too_long()
        return turn.granted_at

    def _has_room(self) -> bool:
        if len(self._waiting) < self._most_waiting:
            return len(self._waiting) < _SHORT or self._wait() <= _LONGEST_QUEUE
        return False

    def _wait(self) -> float:
        """Return the seconds that the last in the queue will have to wait."""
        return len(self._waiting) * self._turn_seconds / self._places

    def _release(self, granted_at: float) -> None:
        with self._lock:
            now = time.monotonic()
            self._turn_seconds += _WEIGHT * (now - granted_at - self._turn_seconds)
            if self._waiting:
                self._waiting.popleft().call(now)  # passed on without releasing it
            else:
                self._free += 1

    def _too_long(self) -> QueueTooLongError:
        """Return the error; those who wait need that long, and as many again were turned away."""
        return QueueTooLongError(min(max(1, math.ceil(2 * self._wait())), _LONGEST_PAUSE))
