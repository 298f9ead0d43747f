"""Connects to peers, a few at a time, each within a time limit."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import structlog

from client.core.admission.dial_queue import DialQueue
from client.core.admission.obstacle import Obstacle
from client.core.admission.route import Route
from client.net.peers import obstacles
from client.net.peers.handshaking import TIME_LIMIT, shake_hands
from client.net.transports import tls_handshake
from client.net.transports.group_tls import GroupTls
from client.net.transports.transport import Deadline, PlainTransport, Transport
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.messages import WireError

log = structlog.get_logger(__name__)

THREADS: Final = 16
"""Dials at once, one in each thread."""

MAX_WAITING: Final = 256
"""Dials of one group that may wait for their turn."""

PATIENCE: Final = 0.5
"""Seconds without an answer after which another way is looked for, beside."""

CONNECT_LIMIT: Final = 5.0
"""Seconds for a connection to be established; handshakes have their own limit after that."""


@dataclass(frozen=True, slots=True, eq=False)
class Dial:
    """A peer to dial for a torrent; with the `group_tls` of a sealed group.

    `group` decides whose turn it is. `connected` takes over the connection and returns False if
    it is not wanted. `failed` gets the obstacle when there is no connection, or None when it was
    not wanted. `unanswered` is called when nothing answers for some time, or at all: it may look
    for another way meanwhile. One of the dialer's threads calls them.
    """

    endpoint: Endpoint
    info_hash: InfoHash
    group: str
    group_tls: GroupTls | None
    connected: Callable[[Transport, Handshake, Endpoint], bool]
    failed: Callable[[Endpoint, Obstacle | None], None]
    unanswered: Callable[[], None] = lambda: None


class Dialer:
    """Dials peers in `threads` threads, from the address `source` where possible.

    A peer has `time_limit` seconds for its handshake. Groups take turns; see DialQueue for the
    limits per address and group.
    """

    def __init__(
        self,
        peer_id: PeerId,
        source: str | None = None,
        threads: int | None = None,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self._time_limit = time_limit
        self._peer_id = peer_id
        self._source = source
        most = THREADS if threads is None else threads
        self._queue: DialQueue[Dial] = DialQueue(most, MAX_WAITING)
        self._changed = threading.Condition()  # guards the queue
        self._closing = False
        self._threads = [
            threading.Thread(target=self._run, name=f"dialer-{number}", daemon=True)
            for number in range(most)
        ]
        for thread in self._threads:
            thread.start()

    def dial(self, dial: Dial) -> bool:
        """Connect soon; returns False, without any callback, when too many dials are waiting."""
        with self._changed:
            if self._closing or not self._queue.put(dial):
                return False
            self._changed.notify()
        return True

    def close(self, timeout: float = 2.0) -> None:
        """Stop dialling; a dial in progress may take longer than `timeout` seconds."""
        until = time.monotonic() + timeout
        with self._changed:
            self._closing = True
            self._queue.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    # --- the threads ------------------------------------------------------------------------
    def _run(self) -> None:
        while (dial := self._next()) is not None:
            try:
                self._attempt(dial)
            except Exception:
                log.exception("dial failed", peer=str(dial.endpoint))
                dial.failed(dial.endpoint, None)
            finally:
                with self._changed:
                    self._queue.done(dial)
                    self._changed.notify_all()

    def _next(self) -> Dial | None:
        """Wait for the next dial that may start; None once the dialer is closing."""
        with self._changed:
            while not self._closing:
                dial = self._queue.take()
                if dial is not None:
                    return dial
                self._changed.wait()
            return None

    def _attempt(self, dial: Dial) -> None:
        try:
            origin = _origin(self._source, dial.endpoint.host)
            sock = _connect(dial, origin)
        except OSError as error:
            obstacle = obstacles.of_connecting(error)
            if obstacle.is_silence and not isinstance(error, TimeoutError):
                dial.unanswered()  # after a timeout it was called already
            _fail(dial, error, obstacle)
        else:
            self.greet(sock, dial)

    def greet(self, sock: socket.socket, dial: Dial, route: Route = Route.DIRECT) -> None:
        """Do the handshake on a connection to a peer; ends with a callback of the dial."""
        connected = False
        try:
            deadline = Deadline(self._time_limit)
            transport = _open(sock, dial, deadline)
            transport.route = route
            handshake = shake_hands(transport, dial.info_hash, self._peer_id, deadline.left)
            connected = not self._closing and dial.connected(transport, handshake, dial.endpoint)
            if not connected:
                dial.failed(dial.endpoint, None)
        except (OSError, WireError) as error:
            _fail(dial, error, obstacles.of_handshaking(error, sealed=dial.group_tls is not None))
        finally:
            if not connected:
                sock.close()


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


def _connect(dial: Dial, origin: tuple[str, int] | None) -> socket.socket:
    """Connect to the peer, within CONNECT_LIMIT; tells after PATIENCE that it gives no answer."""
    family = socket.AF_INET6 if ":" in dial.endpoint.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if origin is not None:
            sock.bind(origin)
        sock.setblocking(False)
        code: int | None = sock.connect_ex(dial.endpoint)
        if code == errno.EINPROGRESS:
            code = _outcome(sock, PATIENCE)
            if code is None:
                dial.unanswered()
                code = _outcome(sock, CONNECT_LIMIT - PATIENCE)
        if code is None:
            raise TimeoutError("gave no answer")
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


def _outcome(sock: socket.socket, seconds: float) -> int | None:
    """Wait for the end of a connection attempt; return its error (0: none), None if it goes on."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    if not poll.poll(seconds * 1000):
        return None
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _fail(dial: Dial, error: Exception, obstacle: Obstacle) -> None:
    log.info(
        "can't reach a peer", peer=str(dial.endpoint), error=str(error), obstacle=obstacle.name
    )
    dial.failed(dial.endpoint, obstacle)


def _open(sock: socket.socket, dial: Dial, deadline: Deadline) -> Transport:
    if dial.group_tls is None:
        return PlainTransport(sock)
    return tls_handshake.dial(sock, dial.group_tls, dial.info_hash, deadline.left)
