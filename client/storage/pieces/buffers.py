"""Memory for whole pieces, reused, within a budget; and buffers that one read fills in turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

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


class PieceBuffer:
    """Memory for pieces of up to `capacity` bytes: `view` has as many as the last `resize` said."""

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


class Loan:
    """A buffer of `size` bytes that takes memory (`buffer`) when it is first used, by `obtain`.

    A requested piece needs none before it arrives, and a peer sends one after the other. One
    thread at a time uses a loan.
    """

    __slots__ = ("_obtain", "buffer", "capacity", "size")

    def __init__(self, size: int, capacity: int, obtain: Callable[[int], PieceBuffer]) -> None:
        self.size = size
        self.capacity = capacity
        self.buffer: PieceBuffer | None = None
        self._obtain = obtain

    @property
    def view(self) -> memoryview:
        """See Buffer; uninitialized at first."""
        return (self.buffer or self._fill()).view

    @property
    def slots(self) -> Slots:
        """See Buffer."""
        return (self.buffer or self._fill()).slots

    def _fill(self) -> PieceBuffer:
        self.buffer = self._obtain(self.capacity)
        self.buffer.resize(self.size)
        return self.buffer


class BufferPool:
    """Lends buffers of at most `budget` bytes in all, but always two, however large.

    With a single buffer, no piece could be received while the one before is written. Returned
    memory is kept for reuse while it also fits the budget, and until nothing is lent. Thread-safe.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._lent: set[Loan] = set()
        self._lent_bytes = 0
        self._idle: dict[int, list[PieceBuffer]] = {}
        self._idle_bytes = 0
        self._filled_bytes = 0  # the capacity of the loans that have memory

    def take(self, size: int) -> Loan | None:
        """Lend a buffer of `size` bytes (at least 1); returns None when over budget."""
        capacity = max(_SMALLEST, 1 << (size - 1).bit_length())
        with self._lock:
            if self._lent_bytes + capacity > self._budget and len(self._lent) >= 2:
                return None
            loan = Loan(size, capacity, self._obtain)
            self._lent.add(loan)
            self._lent_bytes += capacity
            return loan

    def give_back(self, loan: Loan) -> None:
        """Take a buffer back; its view must not be used any more.

        Raises ValueError when it wasn't lent, or was returned before.
        """
        with self._lock:
            if loan not in self._lent:
                raise ValueError("this buffer is not lent")
            self._lent.remove(loan)
            self._lent_bytes -= loan.capacity
            if loan.buffer is not None:
                self._filled_bytes -= loan.capacity
                self._idle.setdefault(loan.capacity, []).append(loan.buffer)
                self._idle_bytes += loan.capacity
            self._shrink(self._budget - self._filled_bytes if self._lent else 0)

    def _obtain(self, capacity: int) -> PieceBuffer:
        with self._lock:
            idle = self._idle.get(capacity)
            if idle:
                buffer = idle.pop()
                self._idle_bytes -= capacity
            else:
                self._shrink(self._budget - self._filled_bytes - capacity)
                buffer = PieceBuffer(capacity)
            self._filled_bytes += capacity
            return buffer

    def _shrink(self, limit: int) -> None:
        """Free idle memory until it is at most `limit` bytes."""
        for capacity, buffers in self._idle.items():
            while buffers and self._idle_bytes > limit:
                buffers.pop()
                self._idle_bytes -= capacity
