"""Peers that attack a client: from any loopback address, in plain or with a certificate."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from pathlib import Path

from client.torrent.torrent import Torrent
from common.metainfo import Metainfo
from common.types import PeerId
from common.wire.handshake import Handshake
from common.wire.messages import HaveAll, Unchoke
from tests.integration.client.team import GROUP, Person
from tests.support.peers import RawPeer, new_peer_id, serve

SECONDS = 10.0


def torrent_of(person: Person, name: str) -> Torrent:
    """Return a person's running torrent."""
    torrent = person.session._transfers.get(GROUP, name).torrent
    assert torrent is not None
    return torrent


def peer_id_of(person: Person) -> PeerId:
    """Return the peer id of a person's client in this run."""
    return person.session._transfers._context.torrent_context.peer_id


class Attacker:
    """Somebody with an address, and, in a sealed group, a member's certificate."""

    def __init__(self, described: Metainfo, host: str = "127.0.0.1") -> None:
        self.described = described
        self.host = host
        self._context: ssl.SSLContext | None = None

    def certify(self, member: Person, folder: Path) -> None:
        """Use a certificate of this member."""
        shown = member.session.groups.export_credentials(GROUP, folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._context.load_cert_chain(shown.certificate, shown.key)

    def connect(self, victim: Person) -> socket.socket:
        """Open a connection, with TLS in a sealed group."""
        sock = socket.create_connection(victim.address, SECONDS, (self.host, 0))
        if self._context is None:
            return sock
        name = self.described.info_hash.hex()
        return self._context.wrap_socket(sock, server_hostname=name)

    def dial(self, victim: Person, peer_id: PeerId | None = None) -> RawPeer:
        """Connect and shake hands; raises OSError if refused."""
        peer = RawPeer(self.connect(victim))
        try:
            peer.shake(Handshake(self.described.info_hash, peer_id or new_peer_id(), fast=True))
        except BaseException:
            peer.close()
            raise
        return peer

    def lie(self, victim: Person, peer_id: PeerId | None = None) -> None:
        """Serve garbage until that ends the connection; raises OSError if refused."""
        with self.dial(victim, peer_id) as peer, suppress(OSError):
            peer.send(HaveAll(), Unchoke())
            serve(peer, self.described, b"", lambda asked, _: b"\xee" * asked.length)
