"""Measures transfer rates."""

from __future__ import annotations

import math
from typing import Final

SPAN: Final = 4.0
"""Seconds over which rates are smoothed."""


class RateMeter:
    """Bytes a second, smoothed over about SPAN seconds; the clock is an argument, in seconds.

    The estimate starts at the true mean and becomes an exponential average once SPAN seconds have
    passed, so that a young transfer shows its real rate. `total` counts all bytes.
    """

    __slots__ = ("_at", "_counted", "_rate", "_started", "total")

    def __init__(self, now: float) -> None:
        self.total = 0
        self._started = self._at = now
        self._counted = 0
        self._rate = 0.0

    def add(self, count: int) -> None:
        """Count `count` transferred bytes."""
        self.total += count

    def update(self, now: float) -> float:
        """Take the bytes since the last call into account; returns the rate."""
        elapsed = now - self._at
        if elapsed <= 0:
            return self._rate
        total = self.total
        if total == self._counted and not self._rate:
            self._at = now
            return 0.0
        current = (total - self._counted) / elapsed
        age = now - self._started
        weight = elapsed / age if age <= SPAN else 1 - math.exp(-elapsed / SPAN)
        self._rate += (current - self._rate) * weight
        self._counted = total
        self._at = now
        return self._rate

    @property
    def rate(self) -> float:
        """Bytes a second as of the last update."""
        return self._rate
