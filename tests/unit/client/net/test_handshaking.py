"""The first 68 bytes, from peers that send them, half of them, others, or none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.net.handshaking import receive_handshake, shake_hands
from common.types import InfoHash, PeerId
from common.wire.handshake import Handshake
from common.wire.messages import WireError

HASH = InfoHash(b"h" * 20)
OURS = PeerId(b"-MI0100-abcdefghijkl")
THEIRS = Handshake(HASH, PeerId(b"-XX0001-abcdefghijkl"), fast=False)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_handshake_in_many_small_parts(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair

    def drip() -> None:
        for byte in THEIRS.encode():
            theirs.send(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()
    assert receive_handshake(ours) == THEIRS
    thread.join()


def test_what_follows_the_handshake_is_left(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(THEIRS.encode() + b"more")
    receive_handshake(ours)
    assert ours.recv(10) == b"more"


def test_silence(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(THEIRS.encode()[:67])
    with pytest.raises(TimeoutError):
        receive_handshake(ours, 0.1)
    with pytest.raises(TimeoutError):
        receive_handshake(ours, 0.0)


def test_the_end_of_the_stream(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(THEIRS.encode()[:40])
    theirs.close()
    with pytest.raises(WireError, match="closed"):
        receive_handshake(ours)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_anything_else_is_refused_at_once(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(WireError):
            receive_handshake(ours)


def test_one_wrong_byte_is_enough(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"GET / HTTP/1.1\r\n")  # and then waits for an answer
    with pytest.raises(WireError):
        receive_handshake(ours)


def test_both_ways(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(THEIRS.encode())
    assert shake_hands(ours, HASH, OURS) == THEIRS
    assert Handshake.decode(theirs.recv(100)) == Handshake(HASH, OURS)


def test_an_answer_for_another_torrent(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(Handshake(InfoHash(b"o" * 20), THEIRS.peer_id).encode())
    with pytest.raises(WireError, match="another torrent"):
        shake_hands(ours, HASH, OURS)
