"""Admission to a sealed group when we dial, over real connections."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

import pytest

from client.core.admission.obstacle import Obstacle
from client.net.peers.dialer import Dial, Dialer
from client.net.peers.handshaking import shake_hands
from client.net.peers.obstacles import of_handshaking
from client.net.transports import tls_handshake
from client.net.transports.group_tls import (
    GroupTls,
)
from client.net.transports.transport import Transport
from common.types import Endpoint, InfoHash
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from tests.support.security.authority import HOUR, Credential, Group
from tests.support.waiting import wait_until
from tests.unit.client.net.transports.tls_handshakes import (
    ATTACKS,
    FILE,
    LAB,
    OURS,
    THEIRS,
    ServingClient,
    forged,
)


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
