"""Several buffers filled one after the other, as by one read of the kernel."""

from __future__ import annotations

from collections.abc import Sequence


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
