"""A piece's memory that no pool has lent."""

from __future__ import annotations

from client.core.swarm.piece_download import Slots


class Memory:
    """A buffer of `size` bytes for one piece."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.view = memoryview(bytearray(size))
        self.slots = Slots(self.view)
