"""One way to a peer: connects to one of its addresses, and shakes hands there."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import structlog

from client.core.admission.obstacle import Obstacle
from client.net.peers import obstacles
from client.net.peers.handshaking import OtherClientError, shake_hands
from client.net.transports import tls_handshake
from client.net.transports.group_tls import GroupTls
from client.net.transports.transport import Deadline, PlainTransport, Transport
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.messages import WireError

log = structlog.get_logger(__name__)

CONNECT_LIMIT: Final = 5.0
"""Seconds for a connection to be established; handshakes have their own limit after that."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """How to greet a peer: as whom, for which torrent, with the `group_tls` of a sealed group, and
    the seconds it has for its handshake.
    """

    peer_id: PeerId
    info_hash: InfoHash
    group_tls: GroupTls | None
    time_limit: float


class DialWay:
    """A way to a peer, for one attempt, from the local address `source` where possible.

    Where `expected` is given, another client that answers there is none of our business. After `go`
    has returned True there are a `transport` and a `handshake`; after False, the `obstacle`.
    """

    transport: Transport
    handshake: Handshake

    def __init__(
        self,
        endpoint: Endpoint,
        greeting: Greeting,
        source: str | None = None,
        expected: PeerId | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.obstacle = Obstacle.NO_ANSWER
        self._greeting = greeting
        self._source = source
        self._expected = expected
        self._lock = threading.Lock()  # guards the others
        self._sock: socket.socket | None = None
        self._is_cancelled = False
        self._works = False

    def go(self) -> bool:
        """See race.Way."""
        try:
            sock = self._open()
        except OSError as error:
            return self._fail(error, obstacles.of_connecting(error))
        try:
            sock.connect(self.endpoint)
        except OSError as error:
            return self._fail(error, obstacles.of_connecting(error))
        try:
            self.transport, self.handshake = self._greet(sock)
        except (OSError, WireError) as error:
            is_sealed = self._greeting.group_tls is not None
            return self._fail(error, obstacles.of_handshaking(error, sealed=is_sealed))
        with self._lock:
            self._works = not self._is_cancelled
        if not self._works:
            self.close()
        return self._works

    def cancel(self) -> None:
        """See race.Way."""
        with self._lock:
            self._is_cancelled = True
            if self._sock is not None:
                with suppress(OSError):  # wakes whoever waits for it
                    self._sock.shutdown(socket.SHUT_RDWR)
            if self._works and self._sock is not None:
                self._sock.close()

    def close(self) -> None:
        """Close the connection."""
        if self._sock is not None:
            self._sock.close()

    def _open(self) -> socket.socket:
        """Return a socket to connect with, for `CONNECT_LIMIT` seconds."""
        family, kind, protocol, _, _ = socket.getaddrinfo(*self.endpoint, type=socket.SOCK_STREAM)[
            0
        ]
        with self._lock:
            self._sock = sock = socket.socket(family, kind, protocol)
        sock.settimeout(CONNECT_LIMIT)
        origin = _origin(self._source, self.endpoint.host)
        if origin is not None:
            sock.bind(origin)
        return sock

    def _greet(self, sock: socket.socket) -> tuple[Transport, Handshake]:
        greeting, deadline = self._greeting, Deadline(self._greeting.time_limit)
        transport: Transport
        if greeting.group_tls is None:
            transport = PlainTransport(sock)
        else:
            transport = tls_handshake.dial(
                sock, greeting.group_tls, greeting.info_hash, deadline.left
            )
        handshake = shake_hands(transport, greeting.info_hash, greeting.peer_id, deadline.left)
        if self._expected not in (None, handshake.peer_id):
            raise OtherClientError("another client answered")
        return transport, handshake

    def _fail(self, error: Exception, obstacle: Obstacle) -> bool:
        if not self._is_cancelled:
            log.info(
                "can't reach a peer",
                peer=str(self.endpoint),
                error=str(error),
                obstacle=obstacle.name,
            )
        self.obstacle = obstacle
        self.close()
        return False


def _origin(source: str | None, target: str) -> tuple[str, int] | None:
    """Return the local address to dial from: peers know us by the one that the tracker sees."""
    if source is None:
        return None
    try:
        ours, theirs = ip_address(source), ip_address(target)
    except ValueError:
        return None
    reaches = ours.version == theirs.version and ours.is_loopback == theirs.is_loopback
    return (source, 0) if reaches else None
