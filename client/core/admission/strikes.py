"""How often an address may fail to shake hands before we refuse it for a while."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

BURST: Final = 60
"""Failures allowed at once: people may share an address, and some clients retry another way."""

A_SECOND: Final = 1.0
"""Failures forgiven per second."""

MAX_ADDRESSES: Final = 4096


class Strikes:
    """A token bucket for each address that failed lately. Not thread-safe."""

    def __init__(self, burst: int = BURST, a_second: float = A_SECOND) -> None:
        self._burst = burst
        self._a_second = a_second
        self._failures: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many, when

    def failed(self, network: str, now: float) -> None:
        """Count a failed handshake."""
        self._failures[network] = min(self._burst, self._count_now(network, now) + 1), now
        self._failures.move_to_end(network)
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def refuses(self, network: str, now: float) -> bool:
        """Return whether this address failed too often."""
        return self._count_now(network, now) > self._burst - 1

    def _count_now(self, network: str, now: float) -> float:
        """Return how many failures of this address are not forgiven yet."""
        count, when = self._failures.get(network, (0.0, now))
        return max(0.0, count - (now - when) * self._a_second)
