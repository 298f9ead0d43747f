"""Detection of changes to the system clock."""

from __future__ import annotations

NOTICED = 1.0
"""Smallest change detected, in seconds."""


class ClockWatch:
    """Compares the wall clock, which people and networks change, with a monotonic one."""

    def __init__(self, wall: float, steady: float) -> None:
        self._offset = wall - steady

    def jump(self, wall: float, steady: float) -> float:
        """Return by how many seconds the clock was changed since the last `accept`; 0 if
        negligible.
        """
        jump = wall - steady - self._offset
        return jump if abs(jump) > NOTICED else 0.0

    def accept(self, wall: float, steady: float) -> None:
        """Accept the wall clock as right from now on."""
        self._offset = wall - steady
