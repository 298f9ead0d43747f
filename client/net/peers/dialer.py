"""Connects to peers, a few at a time, each within a time limit."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from client.core.admission.address_order import in_order
from client.core.admission.dial_queue import DialQueue
from client.core.admission.obstacle import Obstacle
from client.core.admission.route import Route
from client.net.own_addresses import local_hosts
from client.net.peers.handshaking import TIME_LIMIT
from client.net.peers.obstacles import of_handshaking
from client.net.peers.race import race
from client.net.peers.way import Demands, DialWay, Greeted, Greeting, greet, log_failure
from client.net.transports.group_tls import GroupTls
from client.net.transports.transport import Transport
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.messages import WireError

log = structlog.get_logger(__name__)

THREADS: Final = 16
"""Dials at once, one in each thread."""

MAX_WAITING: Final = 256
"""Dials of one group that may wait for their turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Dial:
    """A peer to dial for a torrent; with the `group_tls` of a sealed group.

    `others` are more addresses of the client with this `peer_id`, of which the first that leads to
    it is used; `is_silent`: it is known to give others no answer. `group` decides whose turn it is.
    `connected` takes over the connection and returns False if it is not wanted. `failed` gets the
    obstacle when there is no connection, or None when it was not wanted. `unanswered` is called
    when nothing answers at the endpoint for some time, or at all: it may look for another way
    meanwhile; for a silent peer at once. Threads of the dialer call them.
    """

    endpoint: Endpoint
    info_hash: InfoHash
    group: str
    group_tls: GroupTls | None
    connected: Callable[[Transport, Handshake, Endpoint], bool]
    failed: Callable[[Endpoint, Obstacle | None], None]
    unanswered: Callable[[], None] = lambda: None
    others: tuple[Endpoint, ...] = ()
    peer_id: PeerId | None = None
    is_silent: bool = False


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
        self._demands = Demands()
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
        greeting = self._greeting(dial)
        main = DialWay(
            dial.endpoint,
            greeting,
            self._source,
            unanswered=dial.unanswered,
            is_silent=dial.is_silent,
        )
        way = self._race(dial, greeting, main) if dial.others else main if main.go() else None
        if way is None:
            dial.failed(dial.endpoint, main.obstacle)
        else:
            self._hand_over(dial, way.endpoint, way.connection)

    def greet(self, sock: socket.socket, dial: Dial, route: Route = Route.DIRECT) -> None:
        """Do the handshake on a connection to a peer; ends with a callback of the dial."""
        try:
            greeted = greet(sock, self._greeting(dial))
        except (OSError, WireError) as error:
            sock.close()
            obstacle = of_handshaking(error, sealed=dial.group_tls is not None)
            log_failure(dial.endpoint, error, obstacle)
            dial.failed(dial.endpoint, obstacle)
        else:
            greeted.transport.route = route
            self._hand_over(dial, dial.endpoint, greeted)

    def _hand_over(self, dial: Dial, endpoint: Endpoint, greeted: Greeted) -> None:
        """Pass a connection on; `endpoint` is where it leads."""
        connected, obstacle = False, None
        try:
            connected = not self._closing and dial.connected(
                greeted.transport, greeted.handshake, endpoint
            )
        except (OSError, WireError) as error:
            obstacle = of_handshaking(error, sealed=dial.group_tls is not None)
            log_failure(endpoint, error, obstacle)
        finally:
            if not connected:
                greeted.transport.release()
        if not connected:
            dial.failed(dial.endpoint, obstacle)

    def _greeting(self, dial: Dial) -> Greeting:
        return Greeting(
            self._peer_id,
            dial.info_hash,
            dial.group_tls,
            self._time_limit,
            self._demands,
            dial.peer_id,
        )

    def _race(self, dial: Dial, greeting: Greeting, main: DialWay) -> DialWay | None:
        """Try all addresses; only the main one may have a new client, which took that place."""
        order = in_order(dial.endpoint, dial.others, local_hosts(self._source))
        return race(
            [
                main
                if endpoint == dial.endpoint
                else DialWay(endpoint, greeting, self._source, dial.peer_id)
                for endpoint in order
            ]
        )
