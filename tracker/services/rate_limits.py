"""How often somebody may do something: rates of this tracker's own, in memory."""

from __future__ import annotations

import math
import threading

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.throttle import Budget, Rate
from tracker.services.clock import Clock

_CAPACITY = 50_000  # keys; the longest unused is forgotten
_HOUR = 3600.0
_DAY = 24 * _HOUR
_LONG = 16 * 1024  # bytes that count for a request more
_LONGEST_DELAY = 10.0  # seconds


class RateLimiter:
    """A rate for each user or party. Safe for use by many threads.

    `steady` is a clock that nobody sets.
    """

    def __init__(self, rate: Rate, steady: Clock) -> None:
        self._budget = Budget(rate, _CAPACITY)
        self._steady = steady
        self._lock = threading.Lock()

    @classmethod
    def hourly(cls, count: int, steady: Clock) -> RateLimiter:
        """So many at once, and so many an hour."""
        return cls(Rate(count, _HOUR / count), steady)

    @classmethod
    def daily(cls, count: int, steady: Clock) -> RateLimiter:
        """So many at once, and so many a day."""
        return cls(Rate(count, _DAY / count), steady)

    def spend(self, key: str, code: ErrorCode, complaint: str) -> None:
        """Do it once more. Raises MinitorrentError with this code, saying when to try again."""
        with self._lock:
            now = self._steady()
            wait = self._budget.wait(key, now)
            if wait <= 0:
                self._budget.take(key, now)
                return
        raise MinitorrentError(code, f"{complaint}; try again in {math.ceil(wait)} second(s).")


class RequestPacer:
    """How fast somebody's requests are answered. Safe for use by many threads."""

    def __init__(self, per_second: int, steady: Clock) -> None:
        self._budget = Budget(Rate(10 * per_second, 1 / per_second), _CAPACITY)
        self._steady = steady
        self._lock = threading.Lock()

    def delay(self, key: str, size: int = 0) -> float:
        """Seconds to wait before a request of `size` bytes is answered; a long one counts more."""
        with self._lock:
            now = self._steady()
            wait = self._budget.wait(key, now)
            self._budget.take(key, now, 1 + size // _LONG)
        return min(wait, _LONGEST_DELAY)

    def charge(self, key: str, size: int) -> None:
        """An answer of `size` bytes was given: who gets much waits longer the next time."""
        if size >= _LONG:
            with self._lock:
                self._budget.take(key, self._steady(), size // _LONG)
