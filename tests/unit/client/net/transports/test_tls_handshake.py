"""Admission to a sealed group, with either side dialling, over real connections."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from client.core.admission.obstacle import Obstacle
from client.net.peers.dialer import Dial, Dialer
from client.net.peers.handshaking import shake_hands
from client.net.peers.listener import Listener
from client.net.peers.obstacles import of_handshaking
from client.net.transports import tls_handshake
from client.net.transports.group_tls import (
    GroupTls,
    MembershipError,
    certificate_file,
    strict_context,
)
from client.net.transports.transport import PlainTransport, Transport
from common.tls import TlsEngine
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from tests.support.security.authority import HOUR, Credential, Group
from tests.support.waiting import wait_until
from tests.unit.client.net.conftest import Log
from tests.unit.client.net.sockets import connected

FILE = InfoHash(b"\x01" * 20)
SECOND_FILE = InfoHash(b"\x02" * 20)
ELSEWHERE = InfoHash(b"\x03" * 20)
OURS = PeerId(b"-MI0100-abcdefghijkl")
THEIRS = PeerId(b"-XX0001-abcdefghijkl")
LAB, STUDIO = Group("lab"), Group("studio")


class ServingClient:
    """A client that serves two files of the group lab and one of another, at one port."""

    def __init__(self) -> None:
        self.lab, self.studio = LAB.group_tls("ann"), STUDIO.group_tls("ann")
        self.all_group_tls = {FILE: self.lab, SECOND_FILE: self.lab, ELSEWHERE: self.studio}
        self.listener = Listener(Endpoint("127.0.0.1", 0))
        self.admitted: list[Transport] = []
        self.listener.start(self._admit, self.all_group_tls.get)

    def _admit(self, transport: Transport, handshake: Handshake, _: Endpoint) -> bool:
        self.admitted.append(transport)
        transport.send([Handshake(handshake.info_hash, OURS).encode()])
        return True

    def connect(self) -> socket.socket:
        """Only connect."""
        return socket.create_connection(("127.0.0.1", self.listener.port), 5.0)

    def close(self) -> None:
        """Close everything."""
        self.listener.close()
        for transport in self.admitted:
            transport.release()


@pytest.fixture
def serving_client() -> Iterator[ServingClient]:
    serving_client = ServingClient()
    yield serving_client
    serving_client.close()


def forged(side: ssl._SSLMethod, shown: Credential | None) -> ssl.SSLContext:
    """Return an attacker's TLS context: accepts any certificate, presents this one."""
    context = ssl.SSLContext(side)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if shown is not None:
        shown.load_into(context)
    return context


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


def self_signed() -> Credential:
    """The certificate of an authority, shown as a member's."""
    return _of_authority(Group("lab"))


def _of_authority(group: Group) -> Credential:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = serialization.load_der_private_key(group._authority.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Credential(group.certificate, key)


ATTACKS: dict[str, Callable[[], Credential | None]] = {
    "self-signed": self_signed,
    "another group's": lambda: STUDIO.issue("mallory"),
    "a fake authority's of the same name": lambda: Group("lab").issue("mallory"),
    "expired": lambda: LAB.issue("mallory", starts=-2 * HOUR),
    "not yet valid": lambda: LAB.issue("mallory", starts=HOUR),
    "a removed member's": lambda: LAB.issue("mallory", holder="removed-1"),
    "signed by a member": lambda: LAB.issue_as_member(LAB.issue("eve"), "mallory"),
    "the authority itself": lambda: _of_authority(LAB),
}


# --- we listen ----------------------------------------------------------------------------------
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


# --- we dial ------------------------------------------------------------------------------------
class Impostor:
    """Listens for one peer, presents a certificate, and reads everything."""

    def __init__(self, shown: Credential, *, oldest: bool = False) -> None:
        self._context = forged(ssl.PROTOCOL_TLS_SERVER, shown)
        if oldest:
            self._context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.address = Endpoint(*self._sock.getsockname())
        self.recorded = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            sock, _ = self._sock.accept()
            with sock:
                sock.settimeout(5.0)
                with self._context.wrap_socket(sock, server_side=True) as secure:
                    self.recorded = secure.recv(HANDSHAKE_LENGTH)
                    secure.sendall(Handshake(FILE, THEIRS).encode())
                    secure.recv(1)

    def close(self) -> None:
        """Wait for its end."""
        self._thread.join(6.0)
        self._sock.close()


def dial(address: Endpoint, group_tls: GroupTls, info_hash: InfoHash = FILE) -> Transport:
    """Connect as the dialer does."""
    sock = socket.create_connection(address, 5.0)
    try:
        return tls_handshake.dial(sock, group_tls, info_hash, 5.0)
    except BaseException:
        sock.close()
        raise


def test_we_reach_a_member() -> None:
    impostor = Impostor(LAB.issue("bob"))
    transport = dial(impostor.address, LAB.group_tls("ann"))
    assert shake_hands(transport, FILE, OURS).peer_id == THEIRS
    assert transport.membership is not None
    assert transport.membership.user == "bob"
    transport.release()
    impostor.close()
    assert impostor.recorded


@pytest.mark.parametrize("attack", ATTACKS)
def test_we_send_nothing_to_non_members(attack: str) -> None:
    shown = ATTACKS[attack]()
    assert shown is not None
    impostor = Impostor(shown)
    group_tls = LAB.group_tls("ann")
    group_tls.revoke(["removed-1"])
    with pytest.raises(OSError):
        dial(impostor.address, group_tls)
    impostor.close()
    assert not impostor.recorded


@pytest.mark.parametrize(
    ("attack", "obstacle"),
    [("expired", Obstacle.EXPIRED), ("not yet valid", Obstacle.NOT_YET_VALID)],
)
def test_wrong_dates_are_named_on_both_sides(
    serving_client: ServingClient, attack: str, obstacle: Obstacle
) -> None:
    """One of both clocks is wrong; `why` says which it probably is."""
    shown = ATTACKS[attack]()
    assert shown is not None
    impostor = Impostor(shown)
    with pytest.raises(OSError) as caught:
        dial(impostor.address, LAB.group_tls("ann"))
    impostor.close()
    assert of_handshaking(caught.value, sealed=True) is obstacle
    context = forged(ssl.PROTOCOL_TLS_CLIENT, shown)
    with (
        serving_client.connect() as sock,
        context.wrap_socket(sock, server_hostname=FILE.hex()) as secure,
        pytest.raises(ssl.SSLError) as refused,
    ):
        secure.recv(1)
    assert of_handshaking(refused.value, sealed=True) is Obstacle.THEIR_CLOCK


def test_we_do_not_offer_tls_12() -> None:
    impostor = Impostor(LAB.issue("bob"), oldest=True)
    with pytest.raises(ssl.SSLError):
        dial(impostor.address, LAB.group_tls("ann"))
    impostor.close()


def test_a_refusal_shows_at_the_first_read(serving_client: ServingClient) -> None:
    """In TLS 1.3 the dialling side finishes before the other has checked its certificate."""
    serving_client.lab.revoke(["bob-1"])
    failures: list[Obstacle | None] = []
    admitted: list[Transport] = []

    def connected_to(transport: Transport, *_: object) -> bool:
        admitted.append(transport)
        return False

    dialer = Dialer(THEIRS)
    address = Endpoint("127.0.0.1", serving_client.listener.port)
    for group_tls in (LAB.group_tls("bob"), _outdated(LAB)):
        count = len(failures)
        dialer.dial(
            Dial(address, FILE, "lab", group_tls, connected_to, lambda _, why: failures.append(why))
        )
        wait_until(lambda: len(failures) > count, what="the failure")  # noqa: B023 # called here only
    dialer.close()
    assert not admitted
    assert not serving_client.admitted


def _outdated(group: Group) -> GroupTls:
    """A member's own view, with a certificate that has expired since."""
    group_tls = GroupTls(group.certificate)
    credential = group.issue("bob", starts=-2 * HOUR)
    group_tls.set_certificate(credential.certificate, credential.key)
    return group_tls


def test_two_members_connect(serving_client: ServingClient) -> None:
    transport = dial(Endpoint("127.0.0.1", serving_client.listener.port), LAB.group_tls("bob"))
    assert shake_hands(transport, FILE, THEIRS) == Handshake(FILE, OURS)
    assert transport.membership is not None
    assert transport.membership.user == "ann"
    transport.release()


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
