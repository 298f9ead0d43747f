"""The byte stream between this client and a tracker, inside TLS 1.3."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Final

from client.net.transports.own_port import OwnAddress, dialing_socket
from common.tls import TlsEngine, new_context
from common.types import Endpoint, plain_address

_CHUNK: Final = 256 * 1024

_NOT_FROM_HERE: Final = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES})


class TrackerStream:
    """One thread reads while others write; a waiting read delays no write.

    `own` is where this client accepts peers: it connects from there if possible.

    The TLS engine has its own lock, which is not held during socket calls; senders hold another
    one, so that ciphertext is sent in the order in which it was made. The constructor connects
    and does the TLS handshake, in `limit` seconds each; it raises OSError. The caller has to
    judge the certificate before it sends anything.
    """

    def __init__(self, tracker: Endpoint, own: OwnAddress, limit: float) -> None:
        self._tls = TlsEngine(_context(), server_side=False)
        self._engine_lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._plaintext = memoryview(bytearray(_CHUNK))
        self._sock = _connect(tracker, own, limit)
        self.host = plain_address(str(self._sock.getpeername()[0]))
        """The IP address that it is connected to."""
        try:
            self._handshake(limit)
        except BaseException:
            self._sock.close()
            raise

    @property
    def certificate(self) -> bytes:
        """The tracker's certificate (DER)."""
        return self._tls.peer_certificate or b""

    def send(self, data: bytes) -> None:
        """Send all of `data`, from any thread; raises OSError."""
        with self._send_lock:
            with self._engine_lock:
                self._tls.write(data)
                ciphertext = self._tls.take()
            self._sock.sendall(ciphertext)

    def receive(self, limit: float) -> bytes:
        """Return the next bytes, empty at the end of the stream; for one thread.

        Raises TimeoutError when nothing arrives for `limit` seconds, or OSError.
        """
        deadline = time.monotonic() + limit
        while True:
            with self._engine_lock:
                count = self._tls.read_into(self._plaintext)
            if count is not None:
                return bytes(self._plaintext[:count])
            ciphertext = self._fetch(deadline)
            if not ciphertext:
                return b""
            with self._engine_lock:
                self._tls.feed(ciphertext)

    def hang_up(self) -> None:
        """Shut the stream down in both directions, waking waiting threads; from any thread."""
        with suppress(OSError):  # the connection is lost already
            self._sock.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Close the descriptor once no thread sends; no thread may still be reading."""
        self.hang_up()
        with self._send_lock:
            self._sock.close()

    def _handshake(self, limit: float) -> None:
        deadline = time.monotonic() + limit
        while not self._tls.handshake():
            self._sock.sendall(self._tls.take())
            ciphertext = self._fetch(deadline)
            if not ciphertext:
                raise ConnectionResetError("it hung up")
            self._tls.feed(ciphertext)
        self._sock.sendall(self._tls.take())

    def _fetch(self, deadline: float) -> bytes:
        self._sock.settimeout(max(deadline - time.monotonic(), 0.001))
        return self._sock.recv(_CHUNK)


def _context() -> ssl.SSLContext:
    """Return a context that accepts any certificate: it is compared with the pinned one."""
    context = new_context(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _connect(tracker: Endpoint, own: OwnAddress, limit: float) -> socket.socket:
    """Dial the tracker, from where we accept peers if possible.

    The tracker takes a peer's address from its connection, so a client that accepts peers at one
    of several addresses has to connect from that one. And from its port, too: then the tracker sees
    where a router lets answers to that port in, and can have other members dial there.
    """
    sock = _connect_from(own, tracker, limit) if own.port else None
    if sock is None and own.host is not None:
        with suppress(OSError):  # it doesn't lead to the tracker
            sock = socket.create_connection(tracker, limit, (own.host, 0))
    if sock is None:
        sock = socket.create_connection(tracker, limit)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


def _connect_from(own: OwnAddress, tracker: Endpoint, limit: float) -> socket.socket | None:
    """Dial the tracker from our own port; return None if that port, or address, is what fails.

    It may be: an earlier connection with the tracker may not be quite over.
    """
    failure: OSError | None = None
    for _, _, _, _, address in socket.getaddrinfo(*tracker, type=socket.SOCK_STREAM):
        try:
            sock = dialing_socket(own, Endpoint(str(address[0]), tracker.port))
        except OSError:
            return None
        try:
            sock.settimeout(limit)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
            if own.host is not None or error.errno in _NOT_FROM_HERE:
                return None
        else:
            return sock
    if failure is not None:
        raise failure
    return None
