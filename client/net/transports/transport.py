"""A peer connection's bytes: scatter reads and gathered writes on a plain TCP socket."""

from __future__ import annotations

import math
import select
import socket
import struct
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from itertools import accumulate
from typing import Final, Protocol

from client.core.admission.route import Route
from client.net.transports.blocks import BlockSource, gather
from client.net.transports.bulk_reads import BulkReads
from client.net.transports.group_tls import Membership
from common.types import BlockRun, Endpoint

STALL_LIMIT: Final = 60
"""Seconds after which the connection to a peer that reads nothing is closed."""

_MAX_SLOTS = 1024  # Linux's limit for one call


class Encryption(Enum):
    """How much of a connection nobody on the way can read."""

    NONE = ""
    HANDSHAKE = "e"
    ALL = "E"


class Transport(Protocol):
    """A stream that one thread reads while another writes."""

    @property
    def membership(self) -> Membership | None:
        """What the other side has proven; None for a plain connection."""

    route: Route
    """How the connection came about."""

    @property
    def encryption(self) -> Encryption:
        """What of the connection is encrypted."""

    @property
    def overhead(self) -> int:
        """Bytes received on top of those that `receive` returned."""

    @property
    def staging(self) -> memoryview | None:
        """The buffer that `receive` fills quickest; None if it fills many as quickly as one."""

    @property
    def most_blocks(self) -> int:
        """How many blocks are sent quickest together."""

    def set_time_limit(self, seconds: float | None) -> None:
        """Make receive and send raise TimeoutError after `seconds` from now (None: never).

        For one thread, before others use the transport.
        """

    def receive(self, buffers: Sequence[memoryview]) -> int:
        """Fill the buffers in order; returns how many bytes arrived, 0 at the end of the stream.

        Blocks until there is at least one byte. Raises OSError when the connection fails.
        """

    def send(self, buffers: list[bytes | memoryview]) -> None:
        """Send all bytes of the buffers in order; blocks. Raises OSError when that fails."""

    def send_blocks(self, control: bytes, runs: Sequence[BlockRun], source: BlockSource) -> None:
        """Send encoded messages and then these blocks of the source; otherwise like `send`."""

    def send_at_once(self, data: bytes) -> int:
        """Send as much as possible without blocking; returns how many bytes. Never fails."""

    def close(self) -> None:
        """Shut the connection down in both directions and wake waiting threads."""

    def release(self) -> None:
        """Close the descriptor; no thread may use the transport any more."""


class SocketTransport:
    """What every Transport does with its connected TCP socket, which it owns."""

    def __init__(self, sock: socket.socket) -> None:
        _prepare(sock)
        self.route = Route.DIRECT
        self._sock = sock
        self._deadline = Deadline()

    def set_time_limit(self, seconds: float | None) -> None:
        """See Transport."""
        self._deadline = Deadline(seconds)
        self._deadline.apply(self._sock)

    def close(self) -> None:
        """See Transport."""
        with suppress(OSError):  # the connection is lost already
            self._sock.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """See Transport."""
        self._sock.close()


class PlainTransport(SocketTransport):
    """Sends and receives in plain. To end a wait, call `close`."""

    membership: Membership | None = None
    encryption = Encryption.NONE
    overhead = 0
    staging: memoryview | None = None
    most_blocks = 256

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._reads = BulkReads(sock)

    def receive(self, buffers: Sequence[memoryview]) -> int:
        """See Transport."""
        if self._deadline.is_set:
            self._deadline.apply(self._sock)
        return self._reads.receive(buffers)

    def send(self, buffers: list[bytes | memoryview]) -> None:
        """See Transport."""
        self._send_all(buffers, self._sock.sendmsg)

    def send_blocks(self, control: bytes, runs: Sequence[BlockRun], source: BlockSource) -> None:
        """See Transport.

        The kernel reads the views when it has space for them, and never waits inside the call: so
        little time passes between the check of the content and the copy of its last byte.
        """
        extents = [run.extent for run in runs]
        writable = select.poll()
        writable.register(self._sock, select.POLLOUT)

        def send_checked(batch: list[bytes | memoryview]) -> int:
            if not writable.poll(STALL_LIMIT * 1000):
                raise TimeoutError("reads nothing")
            source.check(extents)
            try:
                return self._sock.sendmsg(batch, (), socket.MSG_DONTWAIT)
            except BlockingIOError:
                return 0

        self._send_all(gather(control, runs, source), send_checked)

    @staticmethod
    def _send_all(
        buffers: list[bytes | memoryview], send: Callable[[list[bytes | memoryview]], int]
    ) -> None:
        ends = list(accumulate(map(len, buffers)))
        start = sent = 0
        while start < len(buffers):
            sent += send(buffers[start : start + _MAX_SLOTS])
            start = bisect_right(ends, sent)  # the first buffer that isn't sent whole
            if start < len(buffers):
                left, buffer = ends[start] - sent, buffers[start]
                if left < len(buffer):
                    buffers[start] = memoryview(buffer)[len(buffer) - left :]

    def send_at_once(self, data: bytes) -> int:
        """See Transport."""
        try:
            return self._sock.send(data, socket.MSG_DONTWAIT)
        except OSError:  # no space, or no connection: the next `send` finds out
            return 0


class Deadline:
    """A deadline by `time.monotonic`, or none."""

    def __init__(self, seconds: float | None = None) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds

    @property
    def is_set(self) -> bool:
        """Whether there is a deadline."""
        return self._at is not None

    @property
    def left(self) -> float:
        """Seconds left; raises TimeoutError when it has passed."""
        if self._at is None:
            return math.inf
        remaining = self._at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("took too long")
        return remaining

    def apply(self, sock: socket.socket) -> None:
        """Set the socket's timeout to the time left; raises TimeoutError when it has passed."""
        if self._at is None:
            sock.settimeout(None)
            return
        sock.settimeout(self.left)


def _prepare(sock: socket.socket) -> None:
    """Configure a new socket for a peer connection, without a time limit."""
    sock.settimeout(None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with suppress(OSError):  # the value is a `struct timeval` on all systems that have it
        limit = struct.pack("ll", STALL_LIMIT, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def remote_endpoint(sock: socket.socket) -> Endpoint:
    """Return the remote address of a connected socket; raises OSError when it is closed."""
    host, port = sock.getpeername()[:2]
    return Endpoint(host.removeprefix("::ffff:"), port)
