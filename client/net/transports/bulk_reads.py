"""Reads from a socket on which much arrives: waits until much is there, as each wake-up costs time.

The system wakes a reader as soon as a byte is there. At hundreds of megabytes a second it would
wake many times for what one read can take; by then, the other side and this one's own hashing have
the caches, so that a wake-up costs as much as copying some hundred kilobytes.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

ENOUGH: Final = 1 << 20
"""Bytes to wait for while much arrives."""

MUCH: Final = 128 * 1024
"""Bytes of one read that suggest that the rest is worth a wait."""

_PATIENCE: Final = struct.pack("ll", 0, 20_000)  # 20 ms, as a `struct timeval`
_FOREVER: Final = struct.pack("ll", 0, 0)


class BulkReads:
    """The reads of a blocking socket, by one thread: after `much`, they wait for `enough` bytes.

    What has arrived is never kept back for more than 20 ms: if it isn't enough by then, later reads
    return as soon as anything is there.
    """

    def __init__(self, sock: socket.socket, much: int = MUCH, enough: int = ENOUGH) -> None:
        self._sock = sock
        self._much = much
        self._enough = enough
        self._waits = False

    def receive(self, buffers: Sequence[memoryview]) -> int:
        """Fill the buffers in order; see Transport."""
        try:
            count = self._sock.recvmsg_into(buffers)[0]
        except BlockingIOError:
            if not self._waits:
                raise
            self._wait_for_enough(wanted=False)
            return self._sock.recvmsg_into(buffers)[0]
        if not self._waits:
            self._wait_for_enough(wanted=count >= self._much)
        elif count < self._enough and count < sum(map(len, buffers)):
            self._wait_for_enough(wanted=False)
        return count

    def _wait_for_enough(self, *, wanted: bool) -> None:
        if wanted == self._waits:
            return
        with suppress(OSError):  # a system without these options, or the connection is lost
            threshold = self._enough if wanted else 1
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, threshold)
            patience = _PATIENCE if wanted else _FOREVER
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
            self._waits = wanted
