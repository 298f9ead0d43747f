"""Rate limits as token buckets: one per transfer and direction, and one for all of them together.

Bytes in one direction pass a *channel*: the transfer's own bucket inside the client's. The clock
is an argument, in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Direction = Literal["up", "down"]

BURST: Final = 0.25
"""Seconds of its rate that an idle bucket saves up, and that may be sent at once later."""

_HELD_FOR: Final = 1.0


class TokenBucket:
    """Fills at `rate` bytes a second (0: no limit); the last draw may overdraw it.

    So in any span of time, no more is drawn than `rate` times that span, a burst, and one draw.
    """

    __slots__ = ("_at", "_level", "rate")

    def __init__(self, rate: int, now: float) -> None:
        self.rate = rate
        self._level = 0.0
        self._at = now

    @property
    def level(self) -> float:
        """Bytes that may be drawn as of the last `fill`; nothing at zero or below.

        Infinity without a limit.
        """
        return self._level if self.rate else float("inf")

    def set_rate(self, rate: int, now: float) -> None:
        """Change the rate; savings are lost, an overdraft stays owed."""
        self.rate = rate
        self._level = min(self._level, 0.0) if rate else 0.0
        self._at = now

    def fill(self, now: float) -> None:
        """Add what has accrued since the last call; a clock that goes back changes nothing."""
        elapsed = now - self._at
        if elapsed > 0:
            self._level = min(self._level + self.rate * elapsed, self.rate * BURST)
            self._at = now

    def draw(self, count: int) -> None:
        """Take `count` bytes out."""
        if self.rate:
            self._level -= count


class BandwidthChannel:
    """A transfer's limits in one direction: its `own` bucket, and the one `shared` by all."""

    __slots__ = ("_held_at", "own", "shared")

    def __init__(self, own: TokenBucket, shared: TokenBucket) -> None:
        self.own = own
        self.shared = shared
        self._held_at: float | None = None

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self.own.rate or self.shared.rate)

    @property
    def rate(self) -> int:
        """The lower of the two limits in bytes a second; 0 without one."""
        rates = [bucket.rate for bucket in (self.own, self.shared) if bucket.rate]
        return min(rates, default=0)

    @property
    def level(self) -> float:
        """Bytes that may pass now; nothing at zero or below."""
        return min(self.own.level, self.shared.level)

    def fill(self, now: float) -> None:
        """See TokenBucket."""
        self.own.fill(now)
        self.shared.fill(now)

    def draw(self, count: int) -> None:
        """Let `count` bytes pass."""
        self.own.draw(count)
        self.shared.draw(count)

    def hold(self, now: float) -> None:
        """Record that the limit kept bytes from passing."""
        self._held_at = now

    def is_holding(self, now: float) -> bool:
        """Return whether a limit kept bytes from passing in the last second."""
        return self.limited and self._held_at is not None and now - self._held_at <= _HELD_FOR


@dataclass(frozen=True, slots=True)
class Throttle:
    """A transfer's two channels."""

    up: BandwidthChannel
    down: BandwidthChannel

    def channel(self, direction: Direction) -> BandwidthChannel:
        """Return the channel of this direction."""
        return self.up if direction == "up" else self.down
