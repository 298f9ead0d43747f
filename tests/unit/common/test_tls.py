"""Two engines back to back: one side's input is the other's output, cut anywhere."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.tls import TlsEngine, fingerprint, new_context
from tests.support.security.certificates import server_context, trusting_context, write_certificate


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """The context of the server's side."""
    return server_context(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def client() -> ssl.SSLContext:
    """The context of the client's side."""
    return trusting_context()


def test_our_contexts_speak_nothing_older_and_give_no_tickets() -> None:
    for protocol in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER):
        context = new_context(protocol)
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.num_tickets == 0


def pair(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[TlsEngine, TlsEngine]:
    """A client's engine and a server's, before their handshake."""
    ours = TlsEngine(client, server_side=False, server_hostname="tracker.example")
    return ours, TlsEngine(server, server_side=True)


def carry(source: TlsEngine, target: TlsEngine, cuts: Iterator[int] | None = None) -> None:
    """Move one side's output to the other, in pieces of these lengths."""
    data = source.take()
    while data:
        size = len(data) if cuts is None else next(cuts)
        target.feed(data[:size])
        data = data[size:]


def shake(ours: TlsEngine, theirs: TlsEngine, cuts: Iterator[int] | None = None) -> None:
    """Complete the handshake; the client is done first (TLS 1.3)."""
    assert not ours.handshake()
    carry(ours, theirs, cuts)
    assert not theirs.handshake()
    carry(theirs, ours, cuts)
    assert ours.handshake()
    carry(ours, theirs, cuts)
    assert theirs.handshake()
    carry(theirs, ours)


def joined(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[TlsEngine, TlsEngine]:
    """A client's engine and a server's, after their handshake."""
    ours, theirs = pair(server, client)
    shake(ours, theirs)
    return ours, theirs


def read_all(engine: TlsEngine, size: int = 1 << 16) -> bytes:
    """All plaintext there is, read in pieces of at most `size` bytes."""
    buffer, received = bytearray(size), b""
    while count := engine.read_into(memoryview(buffer)):
        received += buffer[:count]
    return received


def cycle(sizes: list[int]) -> Iterator[int]:
    while True:
        yield from sizes


@given(
    plain=st.lists(st.binary(max_size=40_000), max_size=5),
    cuts=st.lists(st.integers(1, 5000), min_size=1),
    size=st.integers(1, 50_000),
)
def test_all_arrives_in_order_both_ways(
    server: ssl.SSLContext,
    client: ssl.SSLContext,
    plain: list[bytes],
    cuts: list[int],
    size: int,
) -> None:
    ours, theirs = pair(server, client)
    shake(ours, theirs, cycle(cuts))
    for source, target in ((ours, theirs), (theirs, ours)):
        received = b""
        for data in plain:
            source.write(data)
            carry(source, target, cycle(cuts))
            received += read_all(target, size)
        assert received == b"".join(plain)


def test_a_read_fills_the_buffer_over_many_records(
    server: ssl.SSLContext, client: ssl.SSLContext
) -> None:
    ours, theirs = joined(server, client)
    data = bytes(range(256)) * 1024
    ours.write(memoryview(data))
    carry(ours, theirs)
    assert ours.take() == b""
    buffer = bytearray(len(data) + 1)
    assert theirs.read_into(memoryview(buffer)) == len(data)
    assert buffer[:-1] == data
    assert theirs.read_into(memoryview(buffer)) is None


def test_half_a_record_waits_for_the_rest(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    ours, theirs = joined(server, client)
    ours.write(b"hello")
    record = ours.take()
    buffer = bytearray(5)
    theirs.feed(record[:-1])
    assert theirs.read_into(memoryview(buffer)) is None
    theirs.feed(record[-1:])
    assert theirs.unread > 0
    assert theirs.read_into(memoryview(buffer)) == 5
    assert buffer == b"hello"
    assert theirs.unread == 0


def test_a_proper_end_differs_from_a_cut(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    ours, theirs = joined(server, client)
    ours.write(b"the end")
    ours.end()
    carry(ours, theirs)
    theirs.feed_eof()
    assert read_all(theirs) == b"the end"
    assert theirs.read_into(memoryview(bytearray(1))) == 0
    theirs.end()
    assert theirs.read_into(memoryview(bytearray(1))) == 0
    carry(theirs, ours)
    ours.end()
    assert ours.read_into(memoryview(bytearray(1))) == 0


def test_a_stream_that_is_cut_off_fails(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    ours, theirs = joined(server, client)
    ours.write(b"half")
    carry(ours, theirs)
    theirs.feed_eof()
    with pytest.raises(ssl.SSLEOFError):
        read_all(theirs, 2)


def test_data_before_damage_is_read_first(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    ours, theirs = joined(server, client)
    ours.write(b"good")
    carry(ours, theirs)
    ours.write(b"bad")
    record = bytearray(ours.take())
    record[-1] ^= 1
    theirs.feed(record)
    buffer = bytearray(100)
    assert theirs.read_into(memoryview(buffer)) == 4
    assert theirs.has_failed
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            theirs.read_into(memoryview(buffer))
    assert theirs.take()  # the alert


@given(st.binary(min_size=5, max_size=200))
def test_garbage_is_refused_with_an_ssl_error(server: ssl.SSLContext, data: bytes) -> None:
    engine = TlsEngine(server, server_side=True)
    engine.feed(data)
    engine.feed_eof()
    with pytest.raises(ssl.SSLError):
        engine.handshake()
    engine.end()


def test_the_peers_certificate(tmp_path: Path, client: ssl.SSLContext) -> None:
    ours, theirs = pair(server_context(tmp_path), client)
    shake(ours, theirs)
    certificate = ours.peer_certificate
    assert certificate is not None
    assert certificate == ssl.PEM_cert_to_DER_cert((tmp_path / "test.crt").read_text())
    assert theirs.peer_certificate is None
    assert not ours.session_reused
    assert not theirs.session_reused


def test_another_key_has_another_fingerprint(tmp_path: Path) -> None:
    first, second = (
        ssl.PEM_cert_to_DER_cert(write_certificate(tmp_path, name)[0].read_text())
        for name in ("a", "b")
    )
    assert fingerprint(first) != fingerprint(second)
    assert fingerprint(first).replace(":", "").lower() == hashlib.sha256(first).hexdigest()
    assert len(fingerprint(first)) == 32 * 3 - 1
