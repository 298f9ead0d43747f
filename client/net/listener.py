"""The upload server: accepts peers, reads their handshakes, hands them over.

One port serves open and sealed groups: the first byte tells which way a peer speaks.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from client.net.handshaking import TIME_LIMIT, receive_handshake
from client.net.seal import Membership
from client.net.sealing import TLS_HANDSHAKE, FindSeal, welcome
from client.net.transport import Deadline, PlainTransport, Transport, remote_endpoint
from client.net.utp import UtpRefusal
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash
from common.wire.handshake import Handshake
from common.wire.messages import WireError

log = structlog.get_logger(__name__)

MAX_HANDSHAKES: Final = 64
"""Connections that may be in the middle of their handshake at once."""

_BACKLOG: Final = 128

Admit = Callable[[Transport, Handshake, Endpoint], bool]
"""Takes over a connection whose peer has shaken hands; False when it isn't wanted."""

IsBanned = Callable[[str, Membership | None], bool]
"""Whether nobody is listened to who comes from this IP address and proves this."""


class Listener:
    """Holds an address from its making, and accepts peers there once started.

    Raises MinitorrentError(permission_denied) when the address can't be had.
    """

    def __init__(self, address: Endpoint) -> None:
        self._sock = _listen(address)
        self._closing = False
        self._handshakes = threading.BoundedSemaphore(MAX_HANDSHAKES)
        self._shaking: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, name="listener", daemon=True)

    def start(
        self, admit: Admit, find_seal: FindSeal, is_banned: IsBanned = lambda *_: False
    ) -> None:
        """Begin to accept; all three are called from many threads and must answer quickly."""
        self._admit = admit
        self._find_seal = find_seal
        self._is_banned = is_banned
        self._utp = UtpRefusal(self._sock)
        self._thread.start()

    @property
    def port(self) -> int:
        """The TCP port listened on."""
        port: int = self._sock.getsockname()[1]
        return port

    def close(self) -> None:
        """Accept nobody any more."""
        self._closing = True
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes accept()
        if self._thread.ident is not None:
            self._utp.close()
            self._thread.join(5.0)
        self._sock.close()
        with self._lock:
            for sock in self._shaking:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closing:
            try:
                sock, _ = self._sock.accept()
            except OSError as error:
                if not self._closing:  # out of descriptors, or a peer that left at once
                    log.warning("can't accept a peer", error=str(error))
                    threading.Event().wait(0.1)
                continue
            if not self._handshakes.acquire(blocking=False):
                sock.close()
                continue
            with self._lock:
                self._shaking.add(sock)
            threading.Thread(
                target=self._welcome, args=(sock,), name="handshake", daemon=True
            ).start()

    def _welcome(self, sock: socket.socket) -> None:
        """Read one handshake and hand the socket over, or close it."""
        admitted = False
        endpoint = None
        try:
            endpoint = remote_endpoint(sock)
            transport, info_hash = self._open(sock, endpoint.host)
            handshake = receive_handshake(transport)
            if info_hash not in (None, handshake.info_hash):
                raise WireError("shook hands for another torrent than it named to TLS")
            with self._lock:
                self._shaking.discard(sock)
            admitted = not self._closing and self._admit(transport, handshake, endpoint)
        except (OSError, WireError) as error:
            log.info("handshake failed", peer=str(endpoint), error=str(error))
        except Exception:
            log.exception("handshake failed")
        finally:
            with self._lock:
                self._shaking.discard(sock)
            if not admitted:
                sock.close()
            self._handshakes.release()

    def _open(self, sock: socket.socket, host: str) -> tuple[Transport, InfoHash | None]:
        """Find out how the peer speaks; inside TLS it has said for which torrent."""
        Deadline(TIME_LIMIT).apply(sock)
        if sock.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
            transport, info_hash = welcome(sock, self._find_seal, TIME_LIMIT)
            if self._is_banned(host, transport.membership):
                raise WireError("its login is banned")
            return transport, info_hash
        if self._is_banned(host, None):
            raise WireError("its address is banned")
        return PlainTransport(sock), None


def _listen(address: Endpoint) -> socket.socket:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unusable(address, error) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(where)
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise _unusable(address, error) from error
    return sock


def _unusable(address: Endpoint, error: OSError) -> MinitorrentError:
    reason = error.strerror or str(error)
    return MinitorrentError(
        ErrorCode.PERMISSION_DENIED,
        f"Can't accept peers at {address}: {reason}. Choose another address or port.",
    )
