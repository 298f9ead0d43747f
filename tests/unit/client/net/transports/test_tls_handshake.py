"""Admission to a sealed group when we are dialled, over real connections."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from client.net.transports import tls_handshake
from client.net.transports.group_tls import (
    MembershipError,
    certificate_file,
    strict_context,
)
from client.net.transports.transport import PlainTransport
from common.tls import TlsEngine
from common.types import InfoHash
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from tests.support.security.authority import Credential
from tests.support.waiting import wait_until
from tests.unit.client.net.conftest import Log
from tests.unit.client.net.sockets import connected
from tests.unit.client.net.transports.tls_handshakes import (
    ATTACKS,
    ELSEWHERE,
    FILE,
    LAB,
    OURS,
    SECOND_FILE,
    STUDIO,
    THEIRS,
    ServingClient,
    forged,
)


def is_let_in(
    serving_client: ServingClient,
    shown: Credential | None,
    name: InfoHash | None = FILE,
    asked: InfoHash = FILE,
    prepare: Callable[[ssl.SSLContext], None] = lambda _: None,
) -> bool:
    """Return whether dialling with this context gets a BitTorrent handshake back."""
    context = forged(ssl.PROTOCOL_TLS_CLIENT, shown)
    prepare(context)
    host = name.hex() if name else None
    with (
        suppress(OSError),
        serving_client.connect() as sock,
        context.wrap_socket(sock, server_hostname=host) as secure,
    ):
        secure.sendall(Handshake(asked, THEIRS).encode())
        return len(secure.recv(HANDSHAKE_LENGTH)) > 0
    return False


def test_a_member_is_admitted_by_name(serving_client: ServingClient) -> None:
    assert is_let_in(serving_client, LAB.issue("bob", holder="bob-7"))
    membership = serving_client.admitted[0].membership
    assert membership is not None
    assert (membership.user, membership.holder) == ("bob", "bob-7")
    assert membership.group_tls is serving_client.lab


@pytest.mark.parametrize("attack", ATTACKS)
def test_only_members_are_admitted(serving_client: ServingClient, attack: str, log: Log) -> None:
    serving_client.lab.revoke(["removed-1"])
    assert not is_let_in(serving_client, ATTACKS[attack]())
    assert not serving_client.admitted
    wait_until(lambda: [e for e in log if e["event"] == "handshake failed"], what="the reason")


def test_without_a_certificate_tls_refuses(serving_client: ServingClient) -> None:
    with (
        serving_client.connect() as sock,
        forged(ssl.PROTOCOL_TLS_CLIENT, None).wrap_socket(
            sock, server_hostname=FILE.hex()
        ) as secure,
        pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"),
    ):
        secure.recv(1)
    assert not serving_client.admitted


def test_tls_12_is_refused(serving_client: ServingClient) -> None:
    def older(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    assert not is_let_in(serving_client, LAB.issue("bob"), prepare=older)
    assert not serving_client.admitted


@pytest.mark.parametrize("name", [None, InfoHash(b"?" * 20)])
def test_an_unknown_server_name(serving_client: ServingClient, name: InfoHash | None) -> None:
    assert not is_let_in(serving_client, LAB.issue("bob"), name)


def test_a_server_name_that_is_not_an_info_hash(serving_client: ServingClient) -> None:
    context = forged(ssl.PROTOCOL_TLS_CLIENT, LAB.issue("bob"))
    with serving_client.connect() as sock, pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        context.wrap_socket(sock, server_hostname="example.org")


@pytest.mark.parametrize("asked", [SECOND_FILE, ELSEWHERE])
def test_the_name_of_one_file_with_the_info_hash_of_another(
    serving_client: ServingClient, asked: InfoHash, log: Log
) -> None:
    assert not is_let_in(serving_client, LAB.issue("bob"), FILE, asked)
    assert not serving_client.admitted
    assert any("another torrent" in entry.get("error", "") for entry in log)


def test_no_session_ticket_is_issued(serving_client: ServingClient) -> None:
    context = forged(ssl.PROTOCOL_TLS_CLIENT, LAB.issue("bob"))
    with (
        serving_client.connect() as sock,
        context.wrap_socket(sock, server_hostname=FILE.hex()) as secure,
    ):
        secure.sendall(Handshake(FILE, THEIRS).encode())
        secure.recv(HANDSHAKE_LENGTH)
        assert secure.session is not None
        assert not secure.session.has_ticket


def test_a_session_ticket_is_useless() -> None:
    """Even if some were issued: each connection has a context with separate keys."""
    all_group_tls = {FILE: LAB.group_tls("ann"), ELSEWHERE: STUDIO.group_tls("ann")}
    welcomed: list[InfoHash] = []

    def serve(server: socket.socket) -> None:
        """Welcome three peers."""
        for _ in range(3):
            sock, _address = server.accept()
            generous = strict_context(ssl.PROTOCOL_TLS_SERVER)
            generous.num_tickets = 2
            with sock, suppress(OSError):
                transport, name = tls_handshake.welcome_with(generous, sock, all_group_tls.get, 5.0)
                welcomed.append(name)
                transport.send([Handshake(name, OURS).encode()])
                transport.receive([memoryview(bytearray(1))])

    context = forged(ssl.PROTOCOL_TLS_CLIENT, STUDIO.issue("mallory"))
    with ThreadPoolExecutor(1) as pool, socket.create_server(("127.0.0.1", 0)) as server:
        serving = pool.submit(serve, server)

        def connect(name: InfoHash, session: ssl.SSLSession | None) -> ssl.SSLSession | None:
            """Return the server's session ticket."""
            with (
                socket.create_connection(server.getsockname()) as sock,
                context.wrap_socket(sock, server_hostname=name.hex(), session=session) as secure,
            ):
                with suppress(OSError):
                    secure.recv(HANDSHAKE_LENGTH)
                assert not secure.session_reused
                return secure.session

        session = connect(ELSEWHERE, None)
        assert session is not None
        assert session.has_ticket
        for name in (ELSEWHERE, FILE):
            connect(name, session)
        serving.result(10.0)
    assert welcomed == [ELSEWHERE, ELSEWHERE]


def test_a_resumed_session_is_refused() -> None:
    class Resumed(TlsEngine):
        session_reused = True

    ours, theirs = connected()
    bob, lab = LAB.group_tls("bob"), LAB.group_tls("ann")
    with ours, theirs, ThreadPoolExecutor(1) as pool:
        dialled = pool.submit(tls_handshake.dial, theirs, bob, FILE, 5.0)
        engine = Resumed(lab.server_context, server_side=True)
        with pytest.raises(MembershipError, match="resumed"):
            tls_handshake.shake_hands(ours, engine, lambda: lab, 5.0)
        dialled.result(10.0)


def test_without_our_own_certificate_nobody_is_admitted(serving_client: ServingClient) -> None:
    serving_client.lab.clear_certificate()
    assert not is_let_in(serving_client, LAB.issue("bob"))
    with pytest.raises(MembershipError, match="no certificate"):
        _ = serving_client.lab.client_context


def test_garbage_after_the_first_bytes_of_tls(serving_client: ServingClient) -> None:
    with serving_client.connect() as sock:
        sock.sendall(b"\x16\x03" + bytes(100))
        while sock.recv(100):
            pass
    assert not serving_client.admitted


def test_a_plain_peer_at_a_sealed_group() -> None:
    ours, theirs = connected()
    with theirs:
        theirs.sendall(Handshake(FILE, THEIRS).encode())
        with pytest.raises(ssl.SSLError):
            tls_handshake.dial(ours, LAB.group_tls("ann"), FILE, 5.0)
    PlainTransport(ours).release()


def test_a_peer_silent_in_the_middle_of_tls() -> None:
    ours, theirs = connected()
    with ours, theirs, pytest.raises(TimeoutError):
        tls_handshake.dial(ours, LAB.group_tls("ann"), FILE, 0.1)


def test_our_certificate_is_never_on_disk() -> None:
    """Its key is not even written to one encrypted."""
    ours = LAB.issue("ann")
    with certificate_file(ours.certificate, ours.key) as (path, _):
        assert str(path.readlink()).startswith("/memfd:")


def test_without_memory_files_a_private_file_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    assert LAB.group_tls("ann").server_context
