"""Connections with RC4, read and written by two threads over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.protocol import mse
from client.core.protocol.mse import Ciphers
from client.net.transports.rc4_transport import CHUNK, Rc4Transport, UnmaskedTransport
from client.net.transports.transport import Encryption
from common.types import BlockRun, InfoHash, PieceIndex
from common.wire.codec import piece_headers
from tests.unit.client.net.sockets import connected
from tests.unit.client.net.transports.test_tls_transport import Source, content

HASH = InfoHash(b"h" * 20)


def ciphers(incoming: bytes, outgoing: bytes) -> Ciphers:
    secret = b"s" * mse.KEY_SIZE
    return Ciphers(mse._cipher(incoming, secret, HASH), mse._cipher(outgoing, secret, HASH))


def make_pair(early: bytes = b"") -> tuple[Rc4Transport, Rc4Transport]:
    """Return both ends; one has read `early` with the handshake."""
    one, other = connected()
    return (
        Rc4Transport(one, ciphers(b"keyB", b"keyA"), early),
        Rc4Transport(other, ciphers(b"keyA", b"keyB"), b""),
    )


@pytest.fixture
def pair() -> Iterator[tuple[Rc4Transport, Rc4Transport]]:
    one, other = make_pair()
    yield one, other
    one.release()
    other.release()


def read(transport: Rc4Transport | UnmaskedTransport, size: int, *slots: int) -> bytes:
    """Read so many bytes, into these slots."""
    received = b""
    while len(received) < size:
        views = [memoryview(bytearray(slot)) for slot in slots]
        count = transport.receive(views)
        assert count, "it was closed"
        received += b"".join(views)[:count]
    return received


@given(
    sizes=st.lists(st.integers(0, 70_000), min_size=1, max_size=40),
    slots=st.lists(st.integers(1, 50_000), min_size=1, max_size=30),
    early=st.binary(max_size=100),
)
def test_data_sent_in_parts_arrives_in_order(
    sizes: list[int], slots: list[int], early: bytes
) -> None:
    one, other = make_pair(early)
    buffers: list[bytes | memoryview] = [bytes([n % 251]) * size for n, size in enumerate(sizes)]

    def send() -> None:
        other.send(buffers)
        other.close()

    thread = threading.Thread(target=send)
    thread.start()
    expected = early + b"".join(buffers)
    assert read(one, len(expected), *slots) == expected
    assert one.receive([memoryview(bytearray(1))]) == 0
    thread.join()
    one.release()
    other.release()


def test_blocks_follow_their_control_messages(pair: tuple[Rc4Transport, Rc4Transport]) -> None:
    one, other = pair
    runs = [BlockRun(PieceIndex(7), 0, 20, 16384), BlockRun(PieceIndex(8), 16384, 1, 500)]
    expected = [b"control"]
    for run in runs:
        headers = piece_headers(run)
        for number, block in enumerate(run.blocks()):
            expected += [headers[13 * number : 13 * number + 13], content(block)]
    whole = b"".join(expected)
    assert len(whole) > CHUNK, "it takes several calls"
    for _ in range(2):
        thread = threading.Thread(target=one.send_blocks, args=(b"control", runs, Source()))
        thread.start()
        assert read(other, len(whole), 13, 16384, 100_000) == whole
        thread.join()
    one.send_blocks(b"", runs[1:], Source())
    assert read(other, 513, 513) == whole[-513:]


def test_nothing_on_the_way_is_plain(pair: tuple[Rc4Transport, Rc4Transport]) -> None:
    one, other = pair
    assert one.encryption is Encryption.ALL
    assert one.send_at_once(b"text") == 0
    one.send([b"BitTorrent protocol" * 10])
    seen = other._sock.recv(190)
    assert b"BitTorrent" not in seen


def test_a_time_limit_counts(pair: tuple[Rc4Transport, Rc4Transport]) -> None:
    pair[0].set_time_limit(0.01)
    with pytest.raises(TimeoutError):
        pair[0].receive([memoryview(bytearray(1))])


def test_plain_text_after_all() -> None:
    one, other = connected()
    transport = UnmaskedTransport(one, b"early")
    assert transport.encryption is Encryption.HANDSHAKE
    other.sendall(b"later")
    assert read(transport, 10, 2, 20) == b"earlylater"
    transport.send([b"plain"])
    assert other.recv(5) == b"plain"
    transport.release()
    other.close()
