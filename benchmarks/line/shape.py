"""What a line does to packets, without I/O: when each arrives at the other end, if it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MEGABIT: Final = 1_000_000 / 8
"""Bytes."""


@dataclass(frozen=True)
class Shape:
    """A line, the same in both directions.

    `round_trip` is in seconds, `rate` in bytes a second, `loss` the probability that a packet is
    lost, from 0 to 1.
    """

    round_trip: float
    rate: float
    loss: float = 0.0

    @property
    def delay(self) -> float:
        """Return the seconds that a bit takes from one end to the other."""
        return self.round_trip / 2

    @property
    def queue(self) -> float:
        """Return the bytes that may wait at an end: as many as are on their way in a round trip."""
        return self.round_trip * self.rate

    def __str__(self) -> str:
        loss = f", {self.loss:.0%} loss" if self.loss else ""
        return f"{self.round_trip * 1000:.0f} ms, {self.rate / MEGABIT:.0f} Mbit/s{loss}"


class Lane:
    """One direction of a line: packets wait their turn at its end, and leave in order."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._free_at = 0.0
        """When the last packet that was let in has left."""

    def admit(self, now: float, size: int, chance: float) -> float | None:
        """Return when a packet of `size` bytes arrives, or None if it is lost.

        It is lost by bad luck, if `chance` (from 0 to 1) is below the line's loss, or because the
        queue is full.
        """
        shape = self._shape
        leaves = max(now, self._free_at)
        if chance < shape.loss or (leaves - now) * shape.rate > shape.queue:
            return None
        self._free_at = leaves + size / shape.rate
        return self._free_at + shape.delay
