"""Encrypted handshakes over real sockets: our dialer and our listener, and peers that insist."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from client.core.admission.obstacle import Obstacle
from client.core.protocol.mse import name_of
from client.net.peers.dialer import Dial, Dialer
from client.net.peers.handshaking import receive_handshake
from client.net.peers.listener import Listener
from client.net.transports import mse_handshake
from client.net.transports.rc4_transport import UnmaskedTransport
from client.net.transports.transport import Encryption, Transport
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.messages import WireError
from tests.support.waiting import wait_until
from tests.unit.client.core.protocol.test_mse import FIRST, Other

HASH = InfoHash(b"h" * 20)
OURS = PeerId(b"-MI0100-abcdefghijkl")
THEIRS = Handshake(HASH, PeerId(b"-XX0001-abcdefghijkl"))


def find(name: bytes) -> InfoHash | None:
    return HASH if name == name_of(HASH) else None


class Insisting:
    """A peer that hangs up on plain handshakes, and records what connections begin with."""

    def __init__(self) -> None:
        self.encrypts = True
        self.farewell = b""
        self.openings: list[bytes] = []
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.address = Endpoint(*self._sock.getsockname())
        self._transports: list[Transport] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            self.openings.append(sock.recv(1, socket.MSG_PEEK))
            if self.openings[-1] == b"\x13" or not self.encrypts:
                sock.recv(68, socket.MSG_WAITALL)  # or closing would reset the connection
                sock.sendall(self.farewell)
                sock.close()
                continue
            transport, _ = mse_handshake.welcome(sock, find, 5.0)
            receive_handshake(transport, 5.0)
            transport.send([THEIRS.encode()])
            self._transports.append(transport)

    def close(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        for transport in self._transports:
            transport.release()


@pytest.fixture
def peer() -> Iterator[Insisting]:
    peer = Insisting()
    yield peer
    peer.close()


@pytest.fixture
def dialer() -> Iterator[Dialer]:
    dialer = Dialer(OURS)
    yield dialer
    dialer.close()


def dial(dialer: Dialer, address: Endpoint, listed: PeerId | None = None) -> list[Any]:
    """Dial; returns the transport, or the failure."""
    outcome: list[Any] = []

    def connected(transport: Transport, shaken: Handshake, _: Endpoint) -> bool:
        assert shaken == THEIRS
        outcome.append(transport.encryption)
        transport.release()
        return True

    dialer.dial(
        Dial(
            address,
            HASH,
            "lab",
            None,
            connected,
            lambda *failure: outcome.append(failure),
            peer_id=listed,
        )
    )
    wait_until(lambda: outcome, what="the outcome")
    return outcome


def test_who_hangs_up_is_dialled_once_more_with_encryption(dialer: Dialer, peer: Insisting) -> None:
    assert dial(dialer, peer.address) == [Encryption.HANDSHAKE]
    assert peer.openings[0] == b"\x13"
    assert peer.openings[1] not in (b"\x13", b"\x16")
    assert len(peer.openings) == 2


def test_who_needs_encryption_is_remembered(dialer: Dialer, peer: Insisting) -> None:
    dial(dialer, peer.address)
    dial(dialer, peer.address)
    assert peer.openings.count(b"\x13") == 1
    peer.encrypts = False  # another program is there now
    del peer.openings[:]
    dial(dialer, peer.address)
    assert b"\x13" not in peer.openings
    dial(dialer, peer.address)
    assert peer.openings[1] == b"\x13"


def test_our_own_clients_are_not_offered_encryption(dialer: Dialer, peer: Insisting) -> None:
    """They turn others away on purpose: banned ones, strangers, or all when they are full."""
    assert dial(dialer, peer.address, OURS) == [(peer.address, Obstacle.HUNG_UP)]
    assert peer.openings == [b"\x13"]
    assert dial(dialer, peer.address, THEIRS.peer_id) == [Encryption.HANDSHAKE]


def test_who_has_begun_a_plain_handshake_is_not_offered_encryption(
    dialer: Dialer, peer: Insisting
) -> None:
    peer.farewell = THEIRS.encode()[:20]
    assert dial(dialer, peer.address) == [(peer.address, Obstacle.HUNG_UP)]
    assert peer.openings == [b"\x13"]


class Bench:
    """A listener with one open torrent, and what it admitted."""

    def __init__(self) -> None:
        self.admitted: list[tuple[Transport, Handshake]] = []
        self._dialled: list[socket.socket] = []
        self.listener = Listener(Endpoint("127.0.0.1", 0), time_limit=5.0)
        self.listener.start(self._admit, lambda _: None, find_open=find)

    def _admit(self, transport: Transport, handshake: Handshake, _: Endpoint) -> bool:
        self.admitted.append((transport, handshake))
        return True

    def connect(self) -> socket.socket:
        self._dialled.append(socket.create_connection(("127.0.0.1", self.listener.port), 5.0))
        return self._dialled[-1]

    def wait(self) -> Transport:
        wait_until(lambda: self.admitted, what="the peer to be admitted")
        return self.admitted[0][0]

    def close(self) -> None:
        self.listener.close()
        for sock in self._dialled:
            sock.close()
        for transport, _ in self.admitted:
            transport.release()


@pytest.fixture
def bench() -> Iterator[Bench]:
    with closing(Bench()) as bench:
        yield bench


def test_our_listener_prefers_plain_text(bench: Bench) -> None:
    transport = mse_handshake.dial(bench.connect(), HASH, THEIRS.encode() + b"more", 5.0)
    theirs = bench.wait()
    assert bench.admitted[0][1] == THEIRS
    assert isinstance(transport, UnmaskedTransport)
    assert theirs.encryption is Encryption.HANDSHAKE
    assert read(theirs, 4) == b"more"
    theirs.send([b"wel", memoryview(b"come")])
    assert read(transport, 7) == b"welcome"
    transport.send([b"x" * 100_000])
    assert read(theirs, 100_000) == b"x" * 100_000


def test_a_handshake_for_another_torrent_is_refused(bench: Bench) -> None:
    other = Handshake(InfoHash(b"o" * 20), THEIRS.peer_id).encode()
    with pytest.raises((OSError, WireError)):
        read(mse_handshake.dial(bench.connect(), HASH, other, 5.0), 1)
    assert not bench.admitted


def test_unknown_torrents_are_refused(bench: Bench) -> None:
    with pytest.raises((OSError, WireError)):
        mse_handshake.dial(bench.connect(), InfoHash(b"o" * 20), THEIRS.encode(), 5.0)
    assert not bench.admitted


def test_whoever_hangs_up_before_the_end(bench: Bench) -> None:
    with bench.connect() as sock:
        sock.sendall(Other().public)
        assert len(sock.recv(96, socket.MSG_WAITALL)) == 96
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = socket.create_connection(server.getsockname(), 5.0)
        theirs, _ = server.accept()
        theirs.shutdown(socket.SHUT_WR)
        with sock, theirs, pytest.raises(ConnectionError, match="closed"):
            mse_handshake.dial(sock, HASH, FIRST, 5.0)
    assert not bench.admitted


def read(transport: Transport, size: int) -> bytes:
    """Read so many bytes, into several buffers."""
    received = b""
    while len(received) < size:
        views = [memoryview(bytearray(n)) for n in (1, 13, 70_000)]
        count = transport.receive(views)
        if not count:
            raise OSError("closed")
        received += b"".join(views)[:count]
    return received
