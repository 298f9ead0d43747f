"""Reads that wait for much, over a real TCP connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Never, TypeAlias

import pytest

from client.net.transports.bulk_reads import BulkReads
from tests.support.together import running
from tests.support.waiting import wait_until
from tests.unit.client.net.sockets import connected

Pair: TypeAlias = tuple[socket.socket, socket.socket]
"""Our end of a connection, and theirs."""

LIMIT = 20.0
MUCH = 10_000
ENOUGH = 20_000


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = connected()
    ours.settimeout(None)
    theirs.settimeout(LIMIT)
    with ours, theirs:
        yield ours, theirs


def room(size: int = 4 * ENOUGH) -> list[memoryview]:
    return [memoryview(bytearray(size // 2)) for _ in range(2)]


def threshold(sock: socket.socket) -> int:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)


def unread(sock: socket.socket) -> int:
    try:
        return len(sock.recv(4 * ENOUGH, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return 0


def after_much(ours: socket.socket, theirs: socket.socket) -> BulkReads:
    """Return reads of our end, the first of which has just found much."""
    reads = BulkReads(ours, MUCH, ENOUGH)
    theirs.sendall(bytes(MUCH))
    wait_until(lambda: unread(ours) == MUCH, LIMIT, "the bytes to arrive")
    assert reads.receive(room()) == MUCH
    return reads


def test_little_is_read_at_once(pair: Pair) -> None:
    ours, theirs = pair
    reads = BulkReads(ours, MUCH, ENOUGH)
    theirs.sendall(b"have")
    assert reads.receive(room()) == 4
    assert threshold(ours) == 1


def test_while_much_arrives_a_read_waits_for_more(pair: Pair) -> None:
    ours, theirs = pair
    after_much(ours, theirs)
    assert threshold(ours) == ENOUGH


def test_the_rest_arrives_though_it_is_not_enough(pair: Pair) -> None:
    ours, theirs = pair
    reads = after_much(ours, theirs)
    theirs.sendall(b"choke")
    assert reads.receive(room()) == 5
    assert threshold(ours) == 1


def test_a_pause_ends_the_waiting_and_nothing_else(pair: Pair) -> None:
    ours, theirs = pair
    reads = after_much(ours, theirs)
    counts: list[int] = []
    with running([lambda: counts.append(reads.receive(room()))], LIMIT):
        wait_until(lambda: threshold(ours) == 1, LIMIT, "the reader to wait for one byte again")
        theirs.sendall(b"!")
    assert counts == [1]


def test_full_buffers_are_enough(pair: Pair) -> None:
    ours, theirs = pair
    reads = after_much(ours, theirs)
    theirs.sendall(bytes(MUCH))
    assert reads.receive(room(MUCH)) == MUCH
    assert threshold(ours) == ENOUGH


def test_the_end_of_the_stream_ends_the_waiting(pair: Pair) -> None:
    ours, theirs = pair
    reads = after_much(ours, theirs)
    theirs.shutdown(socket.SHUT_WR)
    assert reads.receive(room()) == 0


class Stubborn(socket.socket):
    """A socket of a system without the options."""

    def setsockopt(self, *_: object) -> None:
        raise OSError("no such option")


def test_without_the_options_all_is_read_at_once(pair: Pair) -> None:
    ours, theirs = pair
    stubborn = Stubborn(fileno=ours.detach())
    with stubborn:
        reads = after_much(stubborn, theirs)
        theirs.sendall(b"x")
        assert reads.receive(room()) == 1


class Impatient(socket.socket):
    """A socket with a time limit of its own, as during a handshake."""

    def recvmsg_into(self, *_: object) -> Never:
        raise BlockingIOError


def test_a_time_limit_of_the_socket_is_passed_on() -> None:
    with Impatient() as impatient, pytest.raises(BlockingIOError):
        BulkReads(impatient).receive(room())
