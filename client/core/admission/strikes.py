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

    def __init__(self) -> None:
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how much, when

    def failed(self, network: str, now: float) -> None:
        """Count a failed handshake."""
        self._spent[network] = min(BURST, self._left(network, now) + 1), now
        self._spent.move_to_end(network)
        if len(self._spent) > MAX_ADDRESSES:
            self._spent.popitem(last=False)

    def refuses(self, network: str, now: float) -> bool:
        """Return whether this address failed too often."""
        return self._left(network, now) > BURST - 1

    def _left(self, network: str, now: float) -> float:
        spent, when = self._spent.get(network, (0.0, now))
        return max(0.0, spent - (now - when) * A_SECOND)
