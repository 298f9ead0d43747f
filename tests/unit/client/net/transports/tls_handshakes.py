"""Handshakes between members, and with peers that are none."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from client.net.peers.listener import Listener
from client.net.transports.transport import Transport
from common.types import Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake
from tests.support.security.authority import HOUR, Credential, Group

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


def forged(side: ssl._SSLMethod, shown: Credential | None) -> ssl.SSLContext:
    """Return an attacker's TLS context: accepts any certificate, presents this one."""
    context = ssl.SSLContext(side)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if shown is not None:
        shown.load_into(context)
    return context


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
