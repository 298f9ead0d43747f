"""A peer connection's bytes: scatter reads and gathered writes on a plain TCP socket."""

from __future__ import annotations

import math
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from client.net.blocks import BlockSource, in_place, merged
from client.net.group_tls import Membership
from common.types import Block, Endpoint

STALLED: Final = 60
"""Seconds after which a peer that takes none of what is sent is let go."""

_SLOTS = 1024  # what Linux takes in one call


class Transport(Protocol):
    """A stream that one thread reads while another writes."""

    @property
    def membership(self) -> Membership | None:
        """What the other side has proven; None where a connection proves nothing."""

    @property
    def overhead(self) -> int:
        """Bytes that came and were none of what `receive` gave."""

    def set_time_limit(self, seconds: float | None) -> None:
        """From now on receive and send raise TimeoutError when `seconds` are over (None: never).

        For one thread, before others use the transport.
        """

    def receive(self, buffers: Sequence[memoryview]) -> int:
        """Fill the buffers in order; returns how many bytes came, 0 at the end of the stream.

        Blocks until at least one byte is there. Raises OSError when the connection fails.
        """

    def send(self, buffers: list[bytes | memoryview]) -> None:
        """Send all bytes of the buffers in order; blocks. Raises OSError when that fails."""

    def send_blocks(self, control: bytes, blocks: Sequence[Block], source: BlockSource) -> None:
        """Send encoded messages and then these blocks of the source; otherwise like `send`."""

    def send_at_once(self, data: bytes) -> int:
        """Send as much as goes without waiting; returns how many bytes went. Never fails."""

    def close(self) -> None:
        """End the connection in both directions and wake whoever waits in it."""

    def release(self) -> None:
        """Give the descriptor back; nobody may use the transport any more."""


class PlainTransport:
    """A connected TCP socket, owned by it. Who wants to end a wait calls `close`."""

    membership: Membership | None = None
    overhead = 0

    def __init__(self, sock: socket.socket) -> None:
        prepare(sock)
        self._sock = sock
        self._deadline = Deadline()

    def set_time_limit(self, seconds: float | None) -> None:
        """See Transport."""
        self._deadline = Deadline(seconds)
        self._deadline.apply(self._sock)

    def receive(self, buffers: Sequence[memoryview]) -> int:
        """See Transport."""
        if self._deadline.is_set:
            self._deadline.apply(self._sock)
        if len(buffers) == 1:
            return self._sock.recv_into(buffers[0])
        return self._sock.recvmsg_into(buffers)[0]

    def send(self, buffers: list[bytes | memoryview]) -> None:
        """See Transport."""
        self._send_all(buffers, self._sock.sendmsg)

    def send_blocks(self, control: bytes, blocks: Sequence[Block], source: BlockSource) -> None:
        """See Transport.

        The views are looked at by the kernel when it has room for them, and it never waits inside
        the call: so little time passes between the check of the content and its last byte's copy.
        """
        runs = merged(blocks)
        writable = select.poll()
        writable.register(self._sock, select.POLLOUT)

        def send_checked(batch: list[bytes | memoryview]) -> int:
            if not writable.poll(STALLED * 1000):
                raise TimeoutError("reads nothing")
            source.check(runs)
            try:
                return self._sock.sendmsg(batch, (), socket.MSG_DONTWAIT)
            except BlockingIOError:
                return 0

        self._send_all(in_place(control, blocks, source), send_checked)

    @staticmethod
    def _send_all(
        buffers: list[bytes | memoryview], send: Callable[[list[bytes | memoryview]], int]
    ) -> None:
        start = 0
        while start < len(buffers):
            batch = buffers[start : start + _SLOTS]
            sent = send(batch)
            for buffer in batch:
                if sent < len(buffer):
                    buffers[start] = memoryview(buffer)[sent:]
                    break
                sent -= len(buffer)
                start += 1

    def send_at_once(self, data: bytes) -> int:
        """See Transport."""
        try:
            return self._sock.send(data, socket.MSG_DONTWAIT)
        except OSError:  # no room, or no connection: the next `send` finds out
            return 0

    def close(self) -> None:
        """See Transport."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """See Transport."""
        self._sock.close()


class Deadline:
    """A moment in the time of `time.monotonic`, or none."""

    def __init__(self, seconds: float | None = None) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds

    @property
    def is_set(self) -> bool:
        """Whether there is a moment."""
        return self._at is not None

    @property
    def left(self) -> float:
        """Seconds until then; raises TimeoutError when it is past."""
        if self._at is None:
            return math.inf
        remaining = self._at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("took too long")
        return remaining

    def apply(self, sock: socket.socket) -> None:
        """Let the socket's next calls end in time; raises TimeoutError when it is past."""
        if self._at is None:
            sock.settimeout(None)
            return
        sock.settimeout(self.left)


def prepare(sock: socket.socket) -> None:
    """Set a fresh socket up for a peer connection, without a time limit."""
    sock.settimeout(None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with suppress(OSError):  # its layout is that of `struct timeval` on all that have it
        limit = struct.pack("ll", STALLED, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def remote_endpoint(sock: socket.socket) -> Endpoint:
    """Where the other side of a connected socket is; raises OSError when it has gone already."""
    host, port = sock.getpeername()[:2]
    return Endpoint(host.removeprefix("::ffff:"), port)
