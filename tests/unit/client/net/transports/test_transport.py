"""Scatter reads and gathered writes over a real socket pair."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.net.transports.transport import PlainTransport, remote_endpoint
from common.types import Endpoint
from tests.unit.client.net.sockets import connected


@pytest.fixture
def pair() -> Iterator[tuple[PlainTransport, socket.socket]]:
    ours, theirs = connected()
    transport = PlainTransport(ours)
    with theirs:
        yield transport, theirs
    transport.release()


@given(
    sizes=st.lists(st.integers(0, 70_000), min_size=1, max_size=40),
    slots=st.lists(st.integers(1, 50_000), min_size=1, max_size=30),
)
def test_data_sent_in_parts_arrives_in_order(sizes: list[int], slots: list[int]) -> None:
    ours, theirs = connected()
    sender, decoder = PlainTransport(ours), PlainTransport(theirs)
    buffers: list[bytes | memoryview] = [
        bytes([number % 251]) * size for number, size in enumerate(sizes)
    ]
    expected = b"".join(buffers)

    def send() -> None:
        sender.send(buffers)
        sender.close()

    thread = threading.Thread(target=send)
    thread.start()
    got = bytearray()
    views = [memoryview(bytearray(size)) for size in slots]
    while count := decoder.receive(views):
        got += b"".join(views)[:count]
    thread.join()
    sender.release()
    decoder.release()
    assert bytes(got) == expected


def test_more_buffers_than_one_call_takes(pair: tuple[PlainTransport, socket.socket]) -> None:
    transport, theirs = pair
    transport.send([bytes([number % 256]) for number in range(5000)])
    transport.close()
    got = b"".join(iter(lambda: theirs.recv(1 << 16), b""))
    assert got == bytes(number % 256 for number in range(5000))


def test_nothing_to_send(pair: tuple[PlainTransport, socket.socket]) -> None:
    pair[0].send([])


def test_closing_wakes_a_reader(pair: tuple[PlainTransport, socket.socket]) -> None:
    transport, _ = pair
    counts: list[int] = []
    thread = threading.Thread(
        target=lambda: counts.append(transport.receive([memoryview(bytearray(10))]))
    )
    thread.start()
    transport.close()
    transport.close()  # twice is fine
    thread.join(5.0)
    assert counts == [0]


def test_closing_wakes_a_writer(pair: tuple[PlainTransport, socket.socket]) -> None:
    transport, _ = pair
    failed = threading.Event()

    def write() -> None:
        try:
            while True:
                transport.send([bytes(1 << 20)])
        except OSError:
            failed.set()

    thread = threading.Thread(target=write)
    thread.start()
    transport.close()
    assert failed.wait(5.0)
    thread.join(5.0)


def test_the_remote_address(pair: tuple[PlainTransport, socket.socket]) -> None:
    _, theirs = pair
    host, port = theirs.getpeername()
    assert remote_endpoint(theirs) == Endpoint(host, port)


def test_an_ipv4_peer_at_an_ipv6_listener() -> None:
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server,
        socket.create_connection(("127.0.0.1", server.getsockname()[1])) as ours,
    ):
        theirs, _ = server.accept()
        with theirs:
            assert remote_endpoint(theirs) == Endpoint(*ours.getsockname())
