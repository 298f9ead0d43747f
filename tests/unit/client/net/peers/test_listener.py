"""The listener among honest, garbage-sending and silent peers, and crowds."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from client.core.admission.route import Route
from client.core.admission.strikes import Strikes
from client.net.peers import listener as listener_module
from client.net.peers.handshaking import TIME_LIMIT
from client.net.peers.listener import Listener
from client.net.transports.transport import Transport
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from tests.support.network.sockets import is_closed
from tests.support.refusals import without_descriptors
from tests.support.waiting import wait_until
from tests.unit.client.net.conftest import Log

ANYWHERE = Endpoint("127.0.0.1", 0)
THEIRS = Handshake(InfoHash(b"h" * 20), PeerId(b"-XX0001-abcdefghijkl"))


class Bench:
    """A listener and the peers that it admitted."""

    def __init__(
        self,
        most: int | None = None,
        time_limit: float = TIME_LIMIT,
        strikes: Strikes | None = None,
    ) -> None:
        self.listener = Listener(ANYWHERE, most, time_limit, strikes)
        self.admitted: list[tuple[Handshake, Endpoint]] = []
        self.answer = True
        self.bug: Exception | None = None
        self.transports: list[Transport] = []
        self.listener.start(self.admit, lambda _: None)

    def admit(self, transport: Transport, handshake: Handshake, endpoint: Endpoint) -> bool:
        """Admit every peer, or none."""
        if self.bug is not None:
            raise self.bug
        self.admitted.append((handshake, endpoint))
        if self.answer:
            self.transports.append(transport)
        return self.answer

    def connect(self) -> socket.socket:
        """Connect."""
        return socket.create_connection(("127.0.0.1", self.listener.port), 5.0)

    def close(self) -> None:
        """Close everything."""
        self.listener.close()
        for transport in self.transports:
            transport.release()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_a_peer_is_admitted(bench: Bench) -> None:
    with bench.connect() as peer:
        peer.sendall(THEIRS.encode())
        wait_until(lambda: bench.admitted, what="the peer to be admitted")
        assert bench.admitted == [(THEIRS, Endpoint(*peer.getsockname()))]
        bench.transports[0].send([b"welcome"])
        assert peer.recv(7) == b"welcome"


def test_an_unwanted_peer_is_closed(bench: Bench) -> None:
    bench.answer = False
    with bench.connect() as peer:
        peer.sendall(THEIRS.encode())
        assert is_closed(peer)


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n" * 60, b"\x13BitTorrent protocoX", bytes(96), b"\xff" * 96]
)
def test_garbage_is_closed_at_once(bench: Bench, garbage: bytes) -> None:
    with bench.connect() as peer:
        peer.sendall(garbage)
        assert is_closed(peer)
    assert not bench.admitted


def test_what_may_become_encryption_has_the_time_of_a_handshake() -> None:
    with closing(Bench(time_limit=0.3)) as bench, bench.connect() as peer:
        peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert is_closed(peer)


def test_an_immediately_closed_connection_is_harmless(bench: Bench) -> None:
    for _ in range(50):
        bench.connect().close()
    with bench.connect() as peer:
        peer.sendall(THEIRS.encode())
        wait_until(lambda: bench.admitted, what="the peer to be admitted")


def test_a_crowd_at_one_address_makes_room_for_another() -> None:
    bench = Bench(4)
    crowd = [bench.connect() for _ in range(4)]
    wait_until(lambda: len(bench.listener._handshaking) == 4, what="the crowd")
    with socket.create_connection(
        ("127.0.0.1", bench.listener.port), 5.0, ("127.0.0.66", 0)
    ) as other:
        assert is_closed(crowd[0]), "who came first and has said nothing"
        other.sendall(THEIRS.encode())
        wait_until(lambda: bench.admitted, what="the other to be admitted")
    bench.close()
    for peer in crowd:
        peer.close()


def test_repeated_failures_block_an_address_for_a_while() -> None:
    with closing(Bench(strikes=Strikes(burst=5, a_second=0.0))) as bench:
        for _ in range(5):
            with bench.connect() as peer:
                peer.sendall(b"rubbish" * 100)
                assert is_closed(peer)
        wait_until(lambda: not bench.listener._handshaking, what="the end of the last")
        with bench.connect() as peer:
            peer.sendall(THEIRS.encode())
            assert is_closed(peer)
        with socket.create_connection(
            ("127.0.0.1", bench.listener.port), 5.0, ("127.0.0.66", 0)
        ) as other:
            other.sendall(THEIRS.encode())
            wait_until(lambda: bench.admitted, what="another address to be admitted")


def test_a_slow_handshake_times_out() -> None:
    with closing(Bench(time_limit=0.5)) as bench, bench.connect() as slow:
        with pytest.raises(OSError):  # all of it would take 3.4 s
            for byte in THEIRS.encode():
                slow.sendall(bytes([byte]))
                time.sleep(0.05)
        assert not bench.admitted


def test_without_a_thread_the_connection_is_closed(bench: Bench, log: Log) -> None:
    before = threading.stack_size(1 << 47)  # more than the address space has: none can start
    try:
        with bench.connect() as peer:
            assert is_closed(peer)
    finally:
        threading.stack_size(before)
    assert "no thread for a peer" in [entry["event"] for entry in log]
    with bench.connect() as peer:
        peer.sendall(THEIRS.encode())
        wait_until(lambda: bench.admitted, what="the peer to be admitted")


def test_silent_connections_are_bounded() -> None:
    bench = Bench(3)
    silent = [bench.connect() for _ in range(3)]
    wait_until(
        lambda: sum(thread.name == "handshake" for thread in threading.enumerate()) == 3,
        what="three handshakes",
    )
    with bench.connect() as one_too_many:
        assert is_closed(one_too_many)
    silent.pop().close()

    def is_admitted() -> bool:
        with bench.connect() as peer:
            peer.sendall(THEIRS.encode())
            return is_closed(peer) and bool(bench.admitted)

    bench.answer = False
    wait_until(is_admitted, what="a free place")
    bench.close()  # wakes threads that wait for a handshake
    for peer in silent:
        with peer:
            assert is_closed(peer)


def test_an_internal_failure_is_logged_and_closes_the_connection(bench: Bench, log: Log) -> None:
    bench.bug = ValueError("a bug")
    with bench.connect() as peer:
        peer.sendall(THEIRS.encode())
        assert is_closed(peer)
    wait_until(lambda: [e for e in log if e.get("exc_info")], what="the traceback")
    log.clear()


def test_out_of_descriptors(bench: Bench, log: Log) -> None:
    def has_failed() -> bool:
        return "can't accept a peer" in [entry["event"] for entry in log]

    with socket.socket() as peer:
        with without_descriptors():
            peer.connect(("127.0.0.1", bench.listener.port))
            wait_until(has_failed, what="accept() to fail")
        peer.sendall(THEIRS.encode())
        wait_until(lambda: bench.admitted, what="the peer to be admitted")


def test_an_address_in_use() -> None:
    bench = Bench()
    with pytest.raises(MinitorrentError, match=str(bench.listener.port)) as raised:
        Listener(Endpoint("127.0.0.1", bench.listener.port))
    assert raised.value.code is ErrorCode.PERMISSION_DENIED
    bench.close()


@pytest.mark.parametrize("host", ["203.0.113.9", "no-such-host.invalid"])
def test_an_address_that_is_not_ours(host: str) -> None:
    with pytest.raises(MinitorrentError) as raised:
        Listener(Endpoint(host, 0))
    assert raised.value.code is ErrorCode.PERMISSION_DENIED
    assert "\n" not in raised.value.message


def test_an_ipv6_address() -> None:
    listener = Listener(Endpoint("::1", 0))
    assert listener.port
    listener.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
@pytest.mark.parametrize("target", ["127.0.0.1", "::1"])
def test_all_addresses_are_those_of_both_families(host: str, target: str) -> None:
    listener = Listener(Endpoint(host, 0))
    listener.start(lambda *_: False, lambda _: None)
    try:
        socket.create_connection((target, listener.port), 5.0).close()
        wait_until(lambda: listener.arrivals, what="the connection")
    finally:
        listener.close()


def test_all_addresses_where_there_is_no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    listener = Listener(Endpoint("0.0.0.0", 0))
    listener.start(lambda *_: False, lambda _: None)
    try:
        socket.create_connection(("127.0.0.1", listener.port), 5.0).close()
        wait_until(lambda: listener.arrivals, what="the connection")
    finally:
        listener.close()


@pytest.mark.parametrize(
    ("host", "is_mapped", "route"),
    [
        ("45.80.0.7", True, Route.MAPPED),
        ("45.80.0.7", False, Route.DIRECT),
    ],
)
def test_who_dials_a_mapped_port_from_outside(
    bench: Bench, host: str, is_mapped: bool, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "remote_endpoint", lambda _: Endpoint(host, 7))
    bench.listener.is_mapped = lambda: is_mapped
    with bench.connect() as peer:
        peer.sendall(THEIRS.encode())
        wait_until(lambda: bench.transports, what="the peer")
    assert bench.transports[0].route is route
