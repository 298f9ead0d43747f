"""Fills buffers as a socket would."""

from __future__ import annotations

from collections.abc import Iterable


def fill(buffers: Iterable[memoryview], data: bytes | memoryview) -> int:
    """Read as `recvmsg_into` would; returns how many bytes fit."""
    count = 0
    for buffer in buffers:
        part = data[count : count + len(buffer)]
        buffer[: len(part)] = part
        count += len(part)
        if count == len(data):
            break
    return count
