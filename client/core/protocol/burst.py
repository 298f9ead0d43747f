"""How many blocks are sent in one go: the more, the quicker a peer takes them."""

from __future__ import annotations

from typing import Final

LEAST: Final = 64
"""Blocks of a burst to a slow peer: messages that may not wait come between bursts."""

_QUICK: Final = 0.02
_SLOW: Final = 0.1


class Burst:
    """The size of the next burst, in blocks: from `LEAST` up to `most`."""

    def __init__(self, most: int) -> None:
        self.size = self._least = min(LEAST, most)
        self._most = most

    def took(self, blocks: int, seconds: float) -> None:
        """Adapt the size to the time that it took to send a burst of so many blocks."""
        if seconds > _SLOW:
            self.size = max(self._least, self.size // 2)
        elif seconds < _QUICK and blocks * 2 > self.size:
            self.size = min(self._most, self.size * 2)
