"""Several buffers that are filled one after the other, as by one read of the kernel."""

from __future__ import annotations

from collections.abc import Sequence


def size_of(buffers: Sequence[memoryview]) -> int:
    """How many bytes there is room for in all."""
    return sum(map(len, buffers))


def cut(
    buffers: Sequence[memoryview], size: int
) -> tuple[Sequence[memoryview], Sequence[memoryview]]:
    """The room for the first `size` bytes, and the rest; no more than one buffer is cut in two."""
    for number, buffer in enumerate(buffers):
        if size == 0:
            return buffers[:number], buffers[number:]
        if size < len(buffer):
            first, second = buffer[:size], buffer[size:]
            return [*buffers[:number], first], [second, *buffers[number + 1 :]]
        size -= len(buffer)
    return buffers, []
