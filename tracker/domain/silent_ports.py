"""Which clients' ports have lately given no answer."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from common.types import Endpoint

MEMORY: Final = 600.0
"""Seconds for which a port counts as silent: it may have been opened meanwhile."""

MAX_PORTS: Final = 10_000


class SilentPorts:
    """Ports that others could not reach. Not thread-safe."""

    def __init__(self) -> None:
        self._until: OrderedDict[Endpoint, float] = OrderedDict()

    def note(self, port: Endpoint, now: float) -> None:
        """Remember a port that has given no answer."""
        self._until[port] = now + MEMORY
        self._until.move_to_end(port)
        if len(self._until) > MAX_PORTS:
            self._until.popitem(last=False)

    def discard(self, port: Endpoint) -> None:
        """Forget a port, which has answered."""
        self._until.pop(port, None)

    def has(self, port: Endpoint, now: float) -> bool:
        """Return whether a port is remembered."""
        return self._until.get(port, now) > now
