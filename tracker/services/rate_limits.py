"""Rate limits, kept in this tracker's memory."""

from __future__ import annotations

import threading

from common.errors import ErrorCode, MinitorrentError
from common.text import waiting_time
from tracker.domain.throttle import Budget, Rate
from tracker.services.clock import Clock

_CAPACITY = 50_000  # keys; the least recently used is dropped
_HOUR = 3600.0
_DAY = 24 * _HOUR
_LONG = 16 * 1024  # bytes that count as one more request
_LONGEST_DELAY = 10.0  # seconds


class RateLimiter:
    """A rate limit per user or party. Thread-safe.

    `steady` is a monotonic clock.
    """

    def __init__(self, rate: Rate, steady: Clock) -> None:
        self._budget = Budget(rate, _CAPACITY)
        self._steady = steady
        self._lock = threading.Lock()

    @classmethod
    def hourly(cls, count: int, steady: Clock) -> RateLimiter:
        """Allow `count` at once, and `count` an hour."""
        return cls(Rate(count, _HOUR / count), steady)

    @classmethod
    def daily(cls, count: int, steady: Clock) -> RateLimiter:
        """Allow `count` at once, and `count` a day."""
        return cls(Rate(count, _DAY / count), steady)

    def check(self, key: str, code: ErrorCode, complaint: str) -> None:
        """Raise MinitorrentError as `spend` would, without counting anything."""
        with self._lock:
            _refuse_if_waiting(self._budget.wait(key, self._steady()), code, complaint)

    def spend(self, key: str, code: ErrorCode, complaint: str) -> None:
        """Count one action. Raises MinitorrentError with `code`, saying when to try again."""
        with self._lock:
            now = self._steady()
            _refuse_if_waiting(self._budget.wait(key, now), code, complaint)
            self._budget.take(key, now)


def _refuse_if_waiting(wait: float, code: ErrorCode, complaint: str) -> None:
    if wait > 0:
        raise MinitorrentError(code, f"{complaint}; try again in {waiting_time(wait)}.")


class RequestThrottle:
    """Delays requests to a steady rate per key. Thread-safe."""

    def __init__(self, per_second: int, steady: Clock) -> None:
        self._budget = Budget(Rate(10 * per_second, 1 / per_second), _CAPACITY)
        self._steady = steady
        self._lock = threading.Lock()

    def delay(self, key: str, size: int = 0) -> float:
        """Return the seconds to wait before answering a request of `size` bytes; long ones count
        more.
        """
        with self._lock:
            now = self._steady()
            wait = self._budget.wait(key, now)
            self._budget.take(key, now, 1 + size // _LONG)
        return min(wait, _LONGEST_DELAY)

    def charge(self, key: str, size: int) -> None:
        """Count an answer of `size` bytes: large answers delay the next request."""
        if size >= _LONG:
            with self._lock:
                self._budget.take(key, self._steady(), size // _LONG)
