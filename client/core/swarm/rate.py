"""Transfer rates."""

from __future__ import annotations

import math


class RateMeter:
    """Bytes a second, smoothed over about `span` seconds; the clock is an argument.

    The estimate starts at the true mean and becomes an exponential average once `span` seconds
    have passed, so that a young transfer shows its real rate.
    """

    __slots__ = ("_at", "_counted", "_rate", "_span", "_started", "total")

    def __init__(self, now: float, span: float = 4.0) -> None:
        self.total = 0
        self._span = span
        self._started = self._at = now
        self._counted = 0
        self._rate = 0.0

    def add(self, count: int) -> None:
        """Count `count` transferred bytes."""
        self.total += count

    def update(self, now: float) -> float:
        """Take the bytes since the last call into account; returns bytes a second."""
        elapsed = now - self._at
        if elapsed <= 0:
            return self._rate
        total = self.total
        current = (total - self._counted) / elapsed
        age = now - self._started
        weight = elapsed / age if age <= self._span else 1 - math.exp(-elapsed / self._span)
        self._rate += (current - self._rate) * weight
        self._counted = total
        self._at = now
        return self._rate

    @property
    def rate(self) -> float:
        """Bytes a second as of the last update."""
        return self._rate
