"""A peer connection inside TLS, read by one thread while another writes.

A lock guards the TLS engine and is never held during a socket call: one `SSLSocket` in two threads
would corrupt the stream, or let a waiting read delay a write. Ciphertext is read in large chunks,
and blocks are copied into one staging buffer to be encrypted together.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from client.core.protocol.burst import LEAST
from client.core.swarm.piece_download import HEADER_SIZE
from client.net.transports.blocks import BlockSource, stage, staged_size
from client.net.transports.group_tls import Membership
from client.net.transports.transport import Encryption, SocketTransport
from common.process.memory import allocate
from common.tls import TlsEngine
from common.types import BlockRun

CHUNK: Final = 1 << 19
"""Bytes read from the socket, or decrypted, at once at most: so many are worth a hand-over."""

ENCRYPTED_AT_ONCE: Final = 1 << 18
"""Bytes, few enough to be still in the core's cache when they are copied on."""

MAX_WITHOUT_PLAINTEXT: Final = 64 * 1024
"""Bytes of ciphertext accepted without any plaintext; a record has 16 KiB at most."""


class TlsTransport(SocketTransport):
    """Sends and receives through a TLS engine.

    After `shake_hands`, the caller sets `membership` to what the certificate proves. Records and
    blocks never line up, so many buffers take many more calls than one: `staging` is that one. But
    while a connection is new, a record is slow to arrive, and a block can't be read before the last
    of its records is: so in the first burst, a record ends with each block.
    """

    encryption = Encryption.ALL
    most_blocks = LEAST

    def __init__(self, sock: socket.socket, engine: TlsEngine) -> None:
        super().__init__(sock)
        self._tls = engine
        self._lock = threading.Lock()
        self._ciphertext = allocate(CHUNK)
        self.staging: memoryview | None = allocate(CHUNK)
        self._outgoing = memoryview(b"")
        self.membership: Membership | None = None
        self._has_sent_blocks = False
        self._fed = self._given = 0  # bytes of ciphertext in, of plaintext out
        self._overhead = 0
        self._since_plaintext = 0  # ciphertext since the last plaintext

    @property
    def overhead(self) -> int:
        """See Transport."""
        return self._overhead

    def shake_hands(self) -> None:
        """Do the TLS handshake; raises OSError, ssl.SSLError among them.

        On the dialling side, a refusal by the other side only shows at the first `receive`.
        """
        try:
            while not self._tls.handshake():
                self._sock.sendall(self._tls.take())
                self._fetch()
        finally:
            with suppress(OSError):  # the final messages, or the alert that explains the failure
                self._sock.sendall(self._tls.take())

    def receive(self, buffers: Sequence[memoryview]) -> int:
        """See Transport."""
        while True:
            with self._lock:
                count = self._decrypt(buffers)
                unread = self._tls.unread
            if count is not None:
                self._given += count
                self._overhead = self._fed - self._given - unread
                self._since_plaintext = 0
                return count
            if self._since_plaintext > MAX_WITHOUT_PLAINTEXT:
                raise OSError("sends records without content")
            self._fetch()

    def send(self, buffers: list[bytes | memoryview]) -> None:
        """See Transport. The buffers are read in user space, so they must not be mapped files."""
        self._send_staged(memoryview(b"".join(buffers)))

    def send_blocks(self, control: bytes, runs: Sequence[BlockRun], source: BlockSource) -> None:
        """See Transport."""
        size = staged_size(runs)
        if len(self._outgoing) < size:
            self._outgoing = allocate(size)
        stage(runs, source, self._outgoing)
        if control:
            self.send([control])
        if self._has_sent_blocks:
            self._send_staged(self._outgoing[:size])
        else:
            self._has_sent_blocks = True
            self._send_staged(self._outgoing[:size], HEADER_SIZE + runs[0].size)

    def send_at_once(self, data: bytes) -> int:
        """See Transport. Ciphertext must be sent whole and in order, so the writer does that."""
        return 0

    def _fetch(self) -> None:
        """Read ciphertext into the engine, or its end; waits for at least one byte."""
        if self._deadline.is_set:
            self._deadline.apply(self._sock)
        # Large reads only for peers that have sent payload: others may waste our decryption.
        most = CHUNK if self._given > CHUNK else MAX_WITHOUT_PLAINTEXT
        count = self._sock.recv_into(self._ciphertext[:most])
        self._fed += count
        self._since_plaintext += count
        with self._lock:
            if count:
                self._tls.feed(self._ciphertext[:count])
            else:
                self._tls.feed_eof()

    def _decrypt(self, buffers: Sequence[memoryview]) -> int | None:
        """Fill the buffers in order with available plaintext; None when more input is needed."""
        filled = 0
        try:
            for buffer in buffers:
                count = self._tls.read_into(buffer)
                if count is None:
                    return filled or None
                filled += count
                if count < len(buffer):
                    break
        except ssl.SSLEOFError:  # cut off: messages know their lengths, and pieces their hashes
            return filled
        except ssl.SSLError:
            if not filled:
                raise
        return filled

    def _send_staged(self, data: memoryview, step: int = ENCRYPTED_AT_ONCE) -> None:
        """Encrypt and send `step` bytes at a time: a record ends with each."""
        for start in range(0, len(data), step):
            with self._lock:
                self._tls.write(data[start : start + step])
                ciphertext = self._tls.take()
            self._sock.sendall(ciphertext)
