"""Memory for whole pieces, reused, within a budget; and buffers that one read fills in turn."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from client.core.swarm.piece_download import Slots
from common.process.memory import allocate


def size_of(buffers: Sequence[memoryview]) -> int:
    """Return how many bytes the buffers hold in all."""
    return sum(map(len, buffers))


def cut(
    buffers: Sequence[memoryview], size: int
) -> tuple[Sequence[memoryview], Sequence[memoryview]]:
    """Split buffers after `size` bytes; at most one buffer is divided."""
    for number, buffer in enumerate(buffers):
        if size == 0:
            return buffers[:number], buffers[number:]
        if size < len(buffer):
            first, second = buffer[:size], buffer[size:]
            return [*buffers[:number], first], [second, *buffers[number + 1 :]]
        size -= len(buffer)
    return buffers, []


_SMALLEST = 16 * 1024
"""Bytes of the smallest buffer; all capacities are powers of two."""

_PLENTY: Final = 0.4
"""The share of the budget up to which buffers are lent freely."""


class PieceBuffer:
    """Memory for one piece: `view` has exactly the requested length in bytes."""

    __slots__ = ("_memory", "_slots", "capacity", "view")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._memory = allocate(capacity)
        self.view = self._memory[:0]
        self._slots: Slots | None = None

    @property
    def slots(self) -> Slots:
        """See Buffer. They are made when they are needed first."""
        if self._slots is None:
            self._slots = Slots(self.view)
        return self._slots

    def resize(self, size: int) -> None:
        """Make `view` the first `size` bytes, at most `capacity`."""
        if size != len(self.view):
            self.view = self._memory[:size]
            self._slots = None


class BufferPool:
    """Hands out buffers of at most `budget` bytes in all, but always two, however large.

    With a single buffer, no piece could be received while the one before is written. Returned
    buffers are kept for reuse while they also fit the budget. Thread-safe.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._idle: dict[int, list[PieceBuffer]] = {}
        self._idle_bytes = 0
        self._lent: set[PieceBuffer] = set()
        self._in_use = 0

    @property
    def is_scarce(self) -> bool:
        """See Buffers."""
        return self._in_use > self._budget * _PLENTY

    def take(self, size: int) -> PieceBuffer | None:
        """Return an uninitialized buffer of `size` bytes (at least 1), or None when over budget."""
        capacity = max(_SMALLEST, 1 << (size - 1).bit_length())
        with self._lock:
            if self._in_use + capacity > self._budget and len(self._lent) >= 2:
                return None
            idle = self._idle.get(capacity)
            if idle:
                buffer = idle.pop()
                self._idle_bytes -= capacity
            else:
                self._shrink(self._budget - self._in_use - capacity)
                buffer = PieceBuffer(capacity)
            self._in_use += capacity
            self._lent.add(buffer)
        buffer.resize(size)
        return buffer

    def give_back(self, buffer: PieceBuffer) -> None:
        """Take a buffer back; its view must not be used any more.

        Raises ValueError when it wasn't lent, or was returned before.
        """
        with self._lock:
            if buffer not in self._lent:
                raise ValueError("this buffer is not lent")
            self._lent.remove(buffer)
            self._in_use -= buffer.capacity
            self._idle.setdefault(buffer.capacity, []).append(buffer)
            self._idle_bytes += buffer.capacity
            self._shrink(self._budget - self._in_use)

    def _shrink(self, limit: int) -> None:
        """Free idle buffers until they hold at most `limit` bytes."""
        for capacity, buffers in self._idle.items():
            while buffers and self._idle_bytes > limit:
                buffers.pop()
                self._idle_bytes -= capacity
