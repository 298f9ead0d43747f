"""Connections after message stream encryption: with RC4, or in plain text after all."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

from client.core.protocol.burst import LEAST
from client.core.protocol.mse import Ciphers
from client.net.transports.blocks import BlockSource, stage, staged_size
from client.net.transports.group_tls import Membership
from client.net.transports.transport import Encryption, PlainTransport, SocketTransport
from common.types import BlockRun

CHUNK: Final = 1 << 18
"""Bytes read, or encrypted, at once at most: few enough to be still in the core's cache."""


class EarlyBytes:
    """Bytes of the peer that were read with its encryption handshake."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def __bool__(self) -> bool:
        return bool(self._rest)

    def give(self, buffers: Sequence[memoryview]) -> int:
        """Fill the first buffer; returns how many bytes there were."""
        count = min(len(buffers[0]), len(self._rest))
        buffers[0][:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class UnmaskedTransport(PlainTransport):
    """Plain text after an encryption handshake."""

    encryption = Encryption.HANDSHAKE

    def __init__(self, sock: socket.socket, early: bytes) -> None:
        super().__init__(sock)
        self._early = EarlyBytes(early)

    def receive(self, buffers: Sequence[memoryview]) -> int:
        """See Transport."""
        return self._early.give(buffers) if self._early else super().receive(buffers)


class Rc4Transport(SocketTransport):
    """Sends and receives with RC4; one thread may read while another writes.

    Bytes are decrypted where they are read, blocks encrypted where they are staged. `staging` is
    the quickest buffer, as it takes one call.
    """

    membership: Membership | None = None
    overhead = 0
    encryption = Encryption.ALL
    most_blocks = LEAST

    def __init__(self, sock: socket.socket, ciphers: Ciphers, early: bytes) -> None:
        super().__init__(sock)
        self._ciphers = ciphers
        self._early = EarlyBytes(early)
        self.staging: memoryview | None = memoryview(bytearray(CHUNK))
        self._outgoing = memoryview(b"")

    def receive(self, buffers: Sequence[memoryview]) -> int:
        """See Transport."""
        if self._early:
            return self._early.give(buffers)
        if self._deadline.is_set:
            self._deadline.apply(self._sock)
        count = left = self._sock.recvmsg_into(buffers)[0]
        for buffer in buffers:
            part = buffer[:left]
            self._ciphers.incoming.update_into(part, part)
            left -= len(part)
            if not left:
                break
        return count

    def send(self, buffers: list[bytes | memoryview]) -> None:
        """See Transport. The buffers are read in user space, so they must not be mapped files."""
        self._sock.sendall(self._ciphers.outgoing.update(b"".join(buffers)))

    def send_blocks(self, control: bytes, runs: Sequence[BlockRun], source: BlockSource) -> None:
        """See Transport."""
        size = staged_size(runs)
        if len(self._outgoing) < size:
            self._outgoing = memoryview(bytearray(size))
        stage(runs, source, self._outgoing)
        if control:
            self.send([control])
        for start in range(0, size, CHUNK):
            part = self._outgoing[start : min(start + CHUNK, size)]
            self._ciphers.outgoing.update_into(part, part)
            self._sock.sendall(part)

    def send_at_once(self, data: bytes) -> int:
        """See Transport. What is encrypted must be sent whole, so the writer does that."""
        return 0
