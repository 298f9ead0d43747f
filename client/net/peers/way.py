"""One way to a peer: connects to one of its addresses, and shakes hands there."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final, NamedTuple

import structlog

from client.core.admission.encrypted_peers import EncryptedPeers, may_demand_encryption
from client.core.admission.obstacle import Obstacle
from client.net.peers import obstacles
from client.net.peers.handshaking import HungUpError, OtherClientError, receive_answer, shake_hands
from client.net.transports import mse_handshake, tls_handshake
from client.net.transports.group_tls import GroupTls
from client.net.transports.transport import Deadline, PlainTransport, Transport
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.messages import WireError

log = structlog.get_logger(__name__)

PATIENCE: Final = 0.5
"""Seconds without an answer after which another way is looked for, beside."""

CONNECT_LIMIT: Final = 5.0
"""Seconds for a connection to be established; handshakes have their own limit after that."""


class Demands:
    """Which peers demand encryption (MSE), as far as we know. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the peers
        self._peers = EncryptedPeers()

    def has(self, peer: Endpoint) -> bool:
        """Return whether a peer hangs up without it."""
        with self._lock:
            return self._peers.has(peer, time.monotonic())

    def note(self, peer: Endpoint, *, demands: bool) -> None:
        """Remember what a peer did."""
        with self._lock:
            if demands:
                self._peers.add(peer, time.monotonic())
            else:
                self._peers.discard(peer)


@dataclass(frozen=True, slots=True)
class Greeting:
    """How to greet a peer: as whom, for which torrent, with the `group_tls` of a sealed group, and
    the seconds it has for its handshake; `known` are those that want it encrypted. `listed` is the
    peer id that the tracker has listed for it.
    """

    peer_id: PeerId
    info_hash: InfoHash
    group_tls: GroupTls | None
    time_limit: float
    known: Demands = field(default_factory=Demands)
    listed: PeerId | None = None


class Greeted(NamedTuple):
    """A connection after the handshake, and what the peer has sent in it."""

    transport: Transport
    handshake: Handshake


def greet(
    sock: socket.socket,
    greeting: Greeting,
    expected: PeerId | None = None,
    *,
    encrypted: bool = False,
) -> Greeted:
    """Shake hands on a connection to a peer, which has the `expected` peer id if one is given.

    In an open group it may be `encrypted` (MSE). Raises OSError, WireError.
    """
    deadline = Deadline(greeting.time_limit)
    group_tls, info_hash = greeting.group_tls, greeting.info_hash
    transport: Transport
    if encrypted:
        ours = Handshake(info_hash, greeting.peer_id).encode()
        transport = mse_handshake.dial(sock, info_hash, ours, deadline.left)
        handshake = receive_answer(transport, info_hash, deadline.left)
    else:
        if group_tls is None:
            transport = PlainTransport(sock)
        else:
            transport = tls_handshake.dial(sock, group_tls, info_hash, deadline.left)
        handshake = shake_hands(transport, info_hash, greeting.peer_id, deadline.left)
    if expected not in (None, handshake.peer_id):
        raise OtherClientError("another client answered")
    return Greeted(transport, handshake)


class DialWay:
    """A way to a peer, for one attempt, from the local address `source` where possible.

    In an open group, a peer that hangs up on us is dialled once more, with encryption, if it may
    have done so for lack of that. Where `expected` is given, another client that answers there is
    none of our business. `unanswered` is called when nothing answers for a while, or at all, and at
    once if the peer `is_silent`. After `go` has returned True there is a `connection`; after False,
    an `obstacle`.
    """

    connection: Greeted

    def __init__(
        self,
        endpoint: Endpoint,
        greeting: Greeting,
        source: str | None = None,
        expected: PeerId | None = None,
        unanswered: Callable[[], None] = lambda: None,
        *,
        is_silent: bool = False,
    ) -> None:
        self.endpoint = endpoint
        self.obstacle = Obstacle.NO_ANSWER
        self._greeting = greeting
        self._source = source
        self._expected = expected
        self._unanswered = unanswered
        self._patience = 0.0 if is_silent else PATIENCE
        self._has_told = False
        self._has_spoken = False
        self._lock = threading.Lock()  # guards the others
        self._sock: socket.socket | None = None
        self._is_cancelled = False
        self._works = False

    def go(self) -> bool:
        """See race.Way."""
        greeting = self._greeting
        encrypted = greeting.group_tls is None and greeting.known.has(self.endpoint)
        if self._try(encrypted=encrypted):
            return True
        if self.obstacle is not Obstacle.HUNG_UP or self._is_cancelled:
            return False
        if not encrypted and not may_demand_encryption(
            greeting.listed, has_spoken=self._has_spoken
        ):
            return False
        works = not encrypted and self._try(encrypted=True)
        greeting.known.note(self.endpoint, demands=works)
        if not works:
            self.obstacle = Obstacle.HUNG_UP  # whatever came after
        return works

    def _try(self, *, encrypted: bool) -> bool:
        try:
            sock = self._connect()
        except OSError as error:
            obstacle = obstacles.of_connecting(error)
            if obstacle.is_silence:
                self._tell_unanswered()
            return self._fail(error, obstacle)
        try:
            self.connection = greet(sock, self._greeting, self._expected, encrypted=encrypted)
        except (OSError, WireError) as error:
            self._has_spoken = isinstance(error, HungUpError) and error.has_spoken
            is_sealed = self._greeting.group_tls is not None
            return self._fail(error, obstacles.of_handshaking(error, sealed=is_sealed))
        with self._lock:
            self._works = not self._is_cancelled
        if not self._works:
            sock.close()
        return self._works

    def cancel(self) -> None:
        """See race.Way."""
        with self._lock:
            self._is_cancelled = True
            if self._sock is None:
                return
            with suppress(OSError):  # wakes whoever waits for it
                self._sock.shutdown(socket.SHUT_RDWR)
            if self._works:
                self._sock.close()

    def _connect(self) -> socket.socket:
        """Connect to the peer, within CONNECT_LIMIT; tells when patience is over."""
        family = socket.AF_INET6 if ":" in self.endpoint.host else socket.AF_INET
        with self._lock:
            self._sock = sock = socket.socket(family, socket.SOCK_STREAM)
        origin = _origin(self._source, self.endpoint.host)
        if origin is not None:
            sock.bind(origin)
        sock.setblocking(False)
        code: int | None = sock.connect_ex(self.endpoint)
        if code == errno.EINPROGRESS:
            code = _outcome(sock, self._patience)
            if code is None and not self._is_cancelled:
                self._tell_unanswered()
                code = _outcome(sock, CONNECT_LIMIT - self._patience)
        if code is None:
            raise TimeoutError("gave no answer")
        if code:
            raise OSError(code, os.strerror(code))
        return sock

    def _tell_unanswered(self) -> None:
        if not self._has_told:
            self._has_told = True
            self._unanswered()

    def _fail(self, error: Exception, obstacle: Obstacle) -> bool:
        if not self._is_cancelled:
            log_failure(self.endpoint, error, obstacle)
        self.obstacle = obstacle
        if self._sock is not None:
            self._sock.close()
        return False


def log_failure(endpoint: Endpoint, error: Exception, obstacle: Obstacle) -> None:
    """Log why a peer can't be reached."""
    log.info("can't reach a peer", peer=str(endpoint), error=str(error), obstacle=obstacle.name)


def _outcome(sock: socket.socket, seconds: float) -> int | None:
    """Wait for the end of a connection attempt; return its error (0: none), None if it goes on."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    if not poll.poll(seconds * 1000):
        return None
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


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
