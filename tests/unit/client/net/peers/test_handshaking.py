"""The first 68 bytes, from peers that send them, half of them, others, or none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.net.peers.handshaking import receive_handshake, shake_hands
from client.net.transports.transport import PlainTransport, Transport
from common.types import InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.messages import WireError
from tests.unit.client.net.sockets import connected

HASH = InfoHash(b"h" * 20)
OURS = PeerId(b"-MI0100-abcdefghijkl")
THEIRS = Handshake(HASH, PeerId(b"-XX0001-abcdefghijkl"), fast=False)


@pytest.fixture
def pair() -> Iterator[tuple[Transport, socket.socket]]:
    ours, theirs = connected()
    transport = PlainTransport(ours)
    with theirs:
        yield transport, theirs
    transport.release()


def test_a_handshake_in_many_small_parts(pair: tuple[Transport, socket.socket]) -> None:
    ours, theirs = pair

    def drip() -> None:
        for byte in THEIRS.encode():
            theirs.send(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()
    assert receive_handshake(ours) == THEIRS
    thread.join()


def test_bytes_after_the_handshake_are_kept(pair: tuple[Transport, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(THEIRS.encode() + b"more")
    receive_handshake(ours)
    space = bytearray(10)
    assert ours.receive([memoryview(space)]) == 4
    assert space.startswith(b"more")


def test_silence(pair: tuple[Transport, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(THEIRS.encode()[:67])
    with pytest.raises(TimeoutError):
        receive_handshake(ours, 0.1)
    with pytest.raises(TimeoutError):
        receive_handshake(ours, 0.0)


def test_the_end_of_the_stream(pair: tuple[Transport, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(THEIRS.encode()[:40])
    theirs.close()
    with pytest.raises(WireError, match="closed"):
        receive_handshake(ours)


@given(st.binary(min_size=1, max_size=200))
def test_another_protocol_is_refused_at_once(data: bytes) -> None:
    ours, theirs = connected()
    transport = PlainTransport(ours)
    with theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(WireError):
            receive_handshake(transport)
    transport.release()


def test_one_wrong_byte_is_enough(pair: tuple[Transport, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"GET / HTTP/1.1\r\n")  # and then waits for an answer
    with pytest.raises(WireError):
        receive_handshake(ours)


def test_both_ways(pair: tuple[Transport, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(THEIRS.encode())
    assert shake_hands(ours, HASH, OURS) == THEIRS
    assert Handshake.decode(theirs.recv(100)) == Handshake(HASH, OURS)


def test_an_answer_for_another_torrent(pair: tuple[Transport, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(Handshake(InfoHash(b"o" * 20), THEIRS.peer_id).encode())
    with pytest.raises(WireError, match="another torrent"):
        shake_hands(ours, HASH, OURS)
