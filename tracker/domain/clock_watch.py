"""Noticing that somebody has set the clock."""

from __future__ import annotations

NOTICED = 1.0
"""Seconds: what a clock is off by less than this, it is left with."""


class ClockWatch:
    """Compares the wall clock, which people and networks set, with one that only runs."""

    def __init__(self, wall: float, steady: float) -> None:
        self._offset = wall - steady

    def jump(self, wall: float, steady: float) -> float:
        """By how many seconds the clock was set since the last `accept`; 0 for a trifle."""
        jump = wall - steady - self._offset
        return jump if abs(jump) > NOTICED else 0.0

    def accept(self, wall: float, steady: float) -> None:
        """What the clock says is right from now on."""
        self._offset = wall - steady
