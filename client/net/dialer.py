"""Connects to peers, a few at a time, each within a time limit."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import structlog

from client.core.obstacle import Obstacle
from client.net import obstacles, sealing
from client.net.dial_lines import DialLines
from client.net.handshaking import TIME_LIMIT, shake_hands
from client.net.seal import Seal
from client.net.transport import PlainTransport, Transport
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.messages import WireError

log = structlog.get_logger(__name__)

THREADS: Final = 8
MAX_WAITING: Final = 256
"""Dials that may wait for a thread."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Who to connect to for which torrent; with the `seal` of its group unless that is open.

    `connected` takes over the connection; False when it is not wanted. `failed` hears what is in
    the way if there is none; nothing (None) after that False. Both are called by one of the
    dialer's threads.
    """

    endpoint: Endpoint
    info_hash: InfoHash
    seal: Seal | None
    connected: Callable[[Transport, Handshake, Endpoint], bool]
    failed: Callable[[Endpoint, Obstacle | None], None]


class Dialer:
    """A small crowd of threads that dial, from the address `source` where that can be."""

    def __init__(self, peer_id: PeerId, source: str | None = None) -> None:
        self._peer_id = peer_id
        self._source = source
        self._dials: queue.Queue[Dial | None] = queue.Queue(MAX_WAITING)
        self._lines: DialLines[Dial] = DialLines()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._run, name=f"dialer-{number}", daemon=True)
            for number in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def dial(self, dial: Dial) -> bool:
        """Connect soon; False when too many wait already (nothing is called then)."""
        if self._closing:
            return False
        try:
            self._dials.put_nowait(dial)
        except queue.Full:
            return False
        return True

    def close(self, timeout: float = 2.0) -> None:
        """Dial nobody any more; a dial under way may take longer than `timeout` seconds."""
        self._closing = True
        with suppress(queue.Empty):
            while True:
                self._dials.get_nowait()
        for _ in self._threads:
            self._dials.put(None)
        for thread in self._threads:
            thread.join(timeout / len(self._threads))

    def _run(self) -> None:
        while (dial := self._dials.get()) is not None:
            if dial.seal is None:
                self._take_turns(dial)
            else:
                self._try(dial)

    def _take_turns(self, dial: Dial) -> None:
        """Dial, and then whoever waited for that; or leave it to the thread that dials there."""
        turn = self._lines.enter(dial)
        if turn is None:
            dial.failed(dial.endpoint, None)
        following = dial if turn else None
        while following is not None:
            if not self._closing:
                self._try(following)
            following = self._lines.leave(following)

    def _try(self, dial: Dial) -> None:
        try:
            self._attempt(dial)
        except Exception:
            log.exception("dial failed", peer=str(dial.endpoint))
            dial.failed(dial.endpoint, None)

    def _attempt(self, dial: Dial) -> None:
        try:
            origin = _origin(self._source, dial.endpoint.host)
            sock = socket.create_connection(dial.endpoint, TIME_LIMIT, origin)
        except OSError as error:
            _fail(dial, error, obstacles.unconnected(error))
        else:
            self._greet(sock, dial)

    def _greet(self, sock: socket.socket, dial: Dial) -> None:
        connected = False
        try:
            transport = _open(sock, dial)
            handshake = shake_hands(transport, dial.info_hash, self._peer_id)
            connected = not self._closing and dial.connected(transport, handshake, dial.endpoint)
            if not connected:
                dial.failed(dial.endpoint, None)
        except (OSError, WireError) as error:
            _fail(dial, error, obstacles.unshaken(error, sealed=dial.seal is not None))
        finally:
            if not connected:
                sock.close()


def _origin(source: str | None, target: str) -> tuple[str, int] | None:
    """The address to dial from: others know us by the one that the tracker sees."""
    if source is None:
        return None
    try:
        ours, theirs = ip_address(source), ip_address(target)
    except ValueError:
        return None
    reaches = ours.version == theirs.version and ours.is_loopback == theirs.is_loopback
    return (source, 0) if reaches else None


def _fail(dial: Dial, error: Exception, obstacle: Obstacle) -> None:
    log.info(
        "can't reach a peer", peer=str(dial.endpoint), error=str(error), obstacle=obstacle.name
    )
    dial.failed(dial.endpoint, obstacle)


def _open(sock: socket.socket, dial: Dial) -> Transport:
    if dial.seal is None:
        return PlainTransport(sock)
    return sealing.dial(sock, dial.seal, dial.info_hash, TIME_LIMIT)
