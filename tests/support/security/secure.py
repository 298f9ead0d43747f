"""TLS connections for tests: either side, read by one thread while another writes."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Self

from common.tls import TlsEngine
from common.types import Endpoint
from tests.support.closing import Closing
from tests.support.security.certificates import trusting_context

SECONDS = 30.0
_CHUNK = 1 << 16


class SecureStream(Closing):
    """Owns a socket and runs TLS on it. The constructor shakes hands; raises OSError on failure."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, *, server_side: bool = False
    ) -> None:
        self.socket = sock
        self.tls = TlsEngine(context, server_side=server_side)
        self._engine_lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._unread = b""
        try:
            self._shake()
        except BaseException:
            sock.close()
            raise

    @classmethod
    def dial(cls, address: Endpoint, source: str | None = None) -> Self:
        """Connect to a server, whatever its certificate, from the address `source`."""
        origin = (source, 0) if source else None
        return cls(socket.create_connection(address, SECONDS, origin), trusting_context())

    def _shake(self) -> None:
        while not self.tls.handshake():
            self.socket.sendall(self.tls.take())
            data = self.socket.recv(_CHUNK)
            if data:
                self.tls.feed(data)
            else:
                self.tls.feed_eof()
        self.socket.sendall(self.tls.take())

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        with self._send_lock:
            with self._engine_lock:
                self.tls.write(data)
                ciphertext = self.tls.take()
            self.socket.sendall(ciphertext)

    def recv(self) -> bytes:
        """Return the next bytes; empty at the end of the stream, however it ends."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        buffer = memoryview(bytearray(_CHUNK))
        while True:
            with self._engine_lock:
                count = self.tls.read_into(buffer)
            if count is not None:
                return bytes(buffer[:count])
            ciphertext = self.socket.recv(_CHUNK)
            if not ciphertext:
                return b""
            with self._engine_lock:
                self.tls.feed(ciphertext)

    def readline(self) -> bytes:
        """Return the next line with its line end; the rest at the end of the stream."""
        line = b""
        while b"\n" not in line:
            data = self.recv()
            if not data:
                return line
            line += data
        line, end, self._unread = line.partition(b"\n")
        return line + end

    def hang_up(self) -> None:
        """Shut down both ways, waking a blocked reader."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Drop the connection."""
        self.socket.close()
