"""Dials that succeed, fail, are unwanted, and are more than there are threads."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest

from client.core.admission.obstacle import Obstacle
from client.net.peers import dialer as module
from client.net.peers import way
from client.net.peers.dialer import Dial, Dialer
from client.net.peers.handshaking import TIME_LIMIT
from client.net.transports.transport import Transport
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from tests.support.peers import PeerServer, RawPeer
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.unit.client.net.conftest import Log

HASH = InfoHash(b"h" * 20)
OURS = PeerId(b"-MI0100-abcdefghijkl")


class Calls:
    """The outcomes of dials."""

    def __init__(self) -> None:
        self.wanted = True
        self.connected: list[tuple[Handshake, Endpoint]] = []
        self.transports: list[Transport] = []
        self.failures: list[tuple[Endpoint, Obstacle | None]] = []
        self.unanswered = 0

    def dial(
        self,
        endpoint: Endpoint,
        group: str = "lab",
        others: tuple[Endpoint, ...] = (),
        peer_id: PeerId | None = None,
        *,
        is_silent: bool = False,
    ) -> Dial:
        """Return a dial that reports its outcome."""

        def connected(transport: Transport, handshake: Handshake, where: Endpoint) -> bool:
            self.connected.append((handshake, where))
            if self.wanted:
                self.transports.append(transport)
            return self.wanted

        def failed(*failure: Any) -> None:
            self.failures.append(failure)

        def unanswered() -> None:
            self.unanswered += 1

        return Dial(
            endpoint,
            HASH,
            group,
            None,
            connected,
            failed,
            unanswered,
            others,
            peer_id,
            is_silent,
        )


@pytest.fixture
def dialer() -> Iterator[Dialer]:
    dialer = Dialer(OURS)
    yield dialer
    dialer.close()


@pytest.fixture
def calls() -> Iterator[Calls]:
    calls = Calls()
    yield calls
    for transport in calls.transports:
        transport.release()


@contextmanager
def silent_port() -> Iterator[Endpoint]:
    """A port whose queue of connections is full, so that it answers none."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as queued:
        address = Endpoint(*server.getsockname())
        for _ in range(3):
            sock = queued.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(address)
        yield address


def stay(peer: RawPeer) -> None:
    """Wait for the other side to close."""
    peer.read()


def test_a_peer_is_reached(dialer: Dialer, calls: Calls) -> None:
    with PeerServer(stay, HASH) as server:
        assert dialer.dial(calls.dial(server.address))
        wait_until(lambda: calls.connected, what="the connection")
        (handshake, endpoint) = calls.connected[0]
        assert (handshake.peer_id, endpoint) == (server.peer_id, server.address)
        theirs = wait_until(lambda: server.peers[0].handshake, what="our handshake to arrive")
        assert theirs is not None
        assert (theirs.info_hash, theirs.peer_id) == (HASH, OURS)


def test_an_unwanted_peer_is_disconnected(dialer: Dialer, calls: Calls) -> None:
    calls.wanted = False
    gone = threading.Event()

    def behave(peer: RawPeer) -> None:
        if peer.is_closed():
            gone.set()

    with PeerServer(behave, HASH) as server:
        dialer.dial(calls.dial(server.address))
        assert gone.wait(5.0)
        wait_until(lambda: calls.failures, what="the failure")
    assert calls.failures == [(server.address, None)]


def test_an_unreachable_peer(dialer: Dialer, calls: Calls) -> None:
    address = Endpoint("127.0.0.1", free_port())
    dialer.dial(calls.dial(address))
    wait_until(lambda: calls.failures, what="the failure")
    assert calls.failures == [(address, Obstacle.REFUSED)]
    assert not calls.connected
    assert calls.unanswered == 1


def test_a_peer_without_a_route(dialer: Dialer, calls: Calls) -> None:
    address = Endpoint("255.255.255.255", 1)
    dialer.dial(calls.dial(address))
    wait_until(lambda: calls.failures, what="the failure")
    assert calls.failures == [(address, Obstacle.NO_ROUTE)]
    assert calls.unanswered == 1


def test_another_way_is_looked_for_while_nothing_answers(
    dialer: Dialer, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way, "PATIENCE", 0.05)
    monkeypatch.setattr(way, "CONNECT_LIMIT", 0.5)
    with silent_port() as address:
        dialer.dial(calls.dial(address))
        wait_until(lambda: calls.unanswered, what="the end of patience")
        assert not calls.failures
        wait_until(lambda: calls.failures, what="the failure")
    assert calls.failures == [(address, Obstacle.NO_ANSWER)]
    assert calls.unanswered == 1


def test_for_a_silent_peer_another_way_is_looked_for_at_once(
    dialer: Dialer, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way, "PATIENCE", 3600.0)
    with silent_port() as address:
        dialer.dial(calls.dial(address, is_silent=True))
        wait_until(lambda: calls.unanswered, what="the other way to be looked for")
        assert not calls.failures, "the direct way is still tried"


def test_who_answers_is_not_unanswered(dialer: Dialer, calls: Calls) -> None:
    with PeerServer(stay, InfoHash(b"o" * 20)) as server:
        dialer.dial(calls.dial(server.address))
        wait_until(lambda: calls.failures, what="the failure")
    assert calls.unanswered == 0


def test_a_peer_for_another_torrent(dialer: Dialer, calls: Calls) -> None:
    with PeerServer(stay, InfoHash(b"o" * 20)) as server:
        dialer.dial(calls.dial(server.address))
        wait_until(lambda: calls.failures, what="the failure")
    assert calls.failures == [(server.address, Obstacle.OTHER_TORRENT)]


@pytest.mark.parametrize(
    ("answer", "obstacle"),
    [(b"", Obstacle.HUNG_UP), (b"HTTP/1.1 400 \r\n", Obstacle.NOT_BITTORRENT)],
)
def test_a_peer_that_hangs_up(
    dialer: Dialer, calls: Calls, answer: bytes, obstacle: Obstacle
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Endpoint(*server.getsockname())
        dialer.dial(calls.dial(address))
        for opening in (b"\x13", *([None] if obstacle is Obstacle.HUNG_UP else [])):
            theirs, _ = server.accept()
            with theirs:
                received = theirs.recv(68, socket.MSG_WAITALL)
                assert opening is None or received.startswith(opening)
                theirs.sendall(answer)
        wait_until(lambda: calls.failures, what="the failure")
    assert calls.failures == [(address, obstacle)]


def test_a_silent_peer(calls: Calls) -> None:
    with (
        closing(Dialer(OURS, time_limit=0.1)) as dialer,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        address = Endpoint(*silent.getsockname())
        dialer.dial(calls.dial(address))
        wait_until(lambda: calls.failures, what="the failure")
    assert calls.failures == [(address, Obstacle.SILENT)]


def test_dials_to_one_endpoint_are_queued(dialer: Dialer, calls: Calls) -> None:
    """Transmission hangs up on a second one of the same address during a handshake."""
    theirs = Handshake(HASH, PeerId(b"-TR3000-abcdefghijkl")).encode()
    with socket.create_server(("127.0.0.1", 0)) as touchy, PeerServer(stay, HASH) as other:
        address = Endpoint(*touchy.getsockname())
        for endpoint in (address, address, other.address):
            assert dialer.dial(calls.dial(endpoint))
        wait_until(lambda: calls.connected, what="the other to be reached")
        assert calls.connected[0][1] == other.address
        for _ in range(2):
            touchy.settimeout(5.0)
            peer, _ = touchy.accept()
            touchy.setblocking(False)
            with pytest.raises(BlockingIOError):
                touchy.accept()
            peer.sendall(theirs)
            peer.close()
        wait_until(lambda: len(calls.connected) == 3, what="all to be connected")
    assert not calls.failures


def test_tarpits_of_one_group_delay_no_other(dialer: Dialer, calls: Calls) -> None:
    with socket.create_server(("127.0.0.66", 0), backlog=128) as tarpit:
        where = Endpoint(*tarpit.getsockname())
        for _ in range(100):
            dialer.dial(calls.dial(where, "trap"))
        tarpits = [socket.create_server((f"127.0.1.{n}", 0)) for n in range(1, 41)]
        try:
            for each in tarpits:
                dialer.dial(calls.dial(Endpoint(*each.getsockname()), "trap"))
            with PeerServer(stay, HASH) as server:
                dialer.dial(calls.dial(server.address))
                wait_until(lambda: calls.connected, 9.0, "the other group's dial")
        finally:
            for each in tarpits:
                each.close()


def test_dials_beyond_the_queue_are_dropped(calls: Calls) -> None:
    dialer = Dialer(OURS, threads=1)
    held = threading.Event()
    reached = threading.Event()

    def hold(*_: object) -> bool:
        reached.set()
        held.wait(30.0)
        return False

    with PeerServer(stay, HASH) as server:
        assert dialer.dial(Dial(server.address, HASH, "lab", None, hold, lambda *_: None))
        assert reached.wait(5.0)
        assert all(dialer.dial(calls.dial(server.address)) for _ in range(module.MAX_WAITING))
        assert not dialer.dial(calls.dial(server.address))
        closing = threading.Thread(target=dialer.close)
        closing.start()
        wait_until(lambda: not dialer.dial(calls.dial(server.address)), what="no more dials")
        held.set()
        closing.join(30.0)
    assert not calls.connected  # waiting dials are dropped


def test_an_internal_failure_is_logged_and_the_next_dial_works(
    dialer: Dialer, calls: Calls, log: Log
) -> None:
    def fail(*_: object) -> bool:
        raise ValueError("a bug")

    with PeerServer(stay, HASH) as server:
        dialer.dial(
            Dial(server.address, HASH, "lab", None, fail, lambda *_: calls.failures.append(_))
        )
        wait_until(lambda: calls.failures, what="the failure")
        assert [entry for entry in log if entry.get("exc_info")]
        log.clear()
        dialer.dial(calls.dial(server.address))
        wait_until(lambda: calls.connected, what="the connection")


def test_a_closed_dialer_accepts_no_dials(calls: Calls) -> None:
    dialer = Dialer(OURS)
    dialer.close()
    assert not dialer.dial(calls.dial(Endpoint("127.0.0.1", 1)))


def test_the_first_address_that_leads_to_the_peer_is_used(dialer: Dialer, calls: Calls) -> None:
    closed = Endpoint("127.0.0.1", free_port())
    with PeerServer(stay, HASH) as server:
        dialer.dial(calls.dial(closed, others=(server.address,), peer_id=server.peer_id))
        wait_until(lambda: calls.connected, what="the connection")
    assert calls.connected[0][1] == server.address
    assert not calls.failures


def test_a_stranger_at_another_address_is_left_alone(dialer: Dialer, calls: Calls) -> None:
    with PeerServer(stay, HASH) as stranger, PeerServer(stay, HASH) as server:
        others = (stranger.address,)
        dialer.dial(calls.dial(server.address, others=others, peer_id=server.peer_id))
        wait_until(lambda: calls.connected, what="the connection")
        assert [where for _, where in calls.connected] == [server.address]


def test_a_silent_address_delays_the_others_only_briefly(dialer: Dialer, calls: Calls) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, PeerServer(stay, HASH) as server:
        main, others = Endpoint(*silent.getsockname()), (server.address,)
        began = time.monotonic()
        dialer.dial(calls.dial(main, others=others, peer_id=server.peer_id))
        wait_until(lambda: calls.connected, what="the connection")
        assert time.monotonic() - began < TIME_LIMIT
        accepted, _ = silent.accept()
        with accepted:  # it is left when the other has won
            accepted.settimeout(TIME_LIMIT)
            while accepted.recv(1000):
                pass


def test_no_address_leads_to_the_peer(dialer: Dialer, calls: Calls) -> None:
    closed, other = (Endpoint("127.0.0.1", free_port()) for _ in range(2))
    dialer.dial(calls.dial(closed, others=(other,), peer_id=OURS))
    wait_until(lambda: calls.failures, what="the failure")
    assert calls.failures == [(closed, Obstacle.REFUSED)]
