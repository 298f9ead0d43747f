"""Sealed groups in use: disconnections, and uninterrupted transfers."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path

import pytest

from client.core.admission.candidates import FIRST_PAUSE
from client.core.swarm.swarm_config import SwarmConfig
from client.net.peers.handshaking import receive_handshake
from client.net.transports import mse_handshake
from client.results.transfers import TransferState
from common import metainfo
from common.errors import ErrorCode, MinitorrentError
from common.wire.handshake import Handshake
from tests.integration.client.conftest import hasty, sealed
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file
from tests.support.peers import RawPeer, new_peer_id
from tests.support.waiting import wait_until

MIB = 1 << 20
SLOW = MIB
"""Bytes a second, so that a download outlasts certificates."""

CRAWLING = SwarmConfig(initial_window=1, min_window=1, max_window=1)


@sealed
def test_peers_are_identified_by_certificate(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob", CRAWLING)
    name = team.share(ann, make_file(tmp_path / "content", 16 * MIB))
    bob.start(name)

    def known_to(person: Person) -> list[str | None]:
        return [peer.user for peer in person.session.transfers.peers(GROUP, name).peers]

    assert wait_until(lambda: known_to(bob), what="bob's connection") == ["ann"]
    assert wait_until(lambda: known_to(ann), what="ann's connection") == ["bob"]
    (peer,) = bob.session.transfers.peers(GROUP, name).peers
    assert "E" in peer.flags
    bob.finish(name)


@sealed
def test_sealed_content_is_not_served_in_plain_text(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    described = ann.session._transfers.get(GROUP, name).metainfo
    with pytest.raises(ConnectionError):
        RawPeer.dial(ann.address, described.info_hash)


@sealed
def test_sealed_content_is_not_served_after_an_encrypted_handshake(
    team: Team, tmp_path: Path
) -> None:
    """Message stream encryption asks for nothing but the info-hash."""
    ann = team.member("ann")
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    info_hash = ann.session._transfers.get(GROUP, name).info_hash
    ours = Handshake(info_hash, new_peer_id()).encode()
    with (
        socket.create_connection(ann.address, 5.0) as sock,
        pytest.raises(ConnectionError),
    ):
        mse_handshake.dial(sock, info_hash, ours, 5.0)


@sealed
def test_open_groups_use_the_same_port(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    team.share(ann, make_file(tmp_path / "sealed", MIB))
    ann.session.groups.create("plaza", is_open=True)
    ann.session.files.upload(make_file(tmp_path / "opened", MIB), "plaza")
    described = ann.session._transfers.get("plaza", "opened").metainfo
    wait_until(
        lambda: ann.session._transfers.get("plaza", "opened").torrent, what="it to be active"
    )
    with RawPeer.dial(ann.address, described.info_hash) as peer:
        assert peer.handshake is not None
    ours = Handshake(described.info_hash, new_peer_id()).encode()
    with socket.create_connection(ann.address, 5.0) as sock:
        transport = mse_handshake.dial(sock, described.info_hash, ours, 5.0)
        assert receive_handshake(transport, 5.0).info_hash == described.info_hash
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(ann.address, 5.0) as sock,
        pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"),
    ):
        context.wrap_socket(sock, server_hostname=described.info_hash.hex())


@sealed
def test_a_removed_member_is_disconnected_at_once(team: Team, tmp_path: Path) -> None:
    ann, bob, cat = team.member("ann"), team.member("bob", CRAWLING), team.member("cat")
    name = team.share(ann, make_file(tmp_path / "content", 64 * MIB))
    cat.fetch(name)
    bob.start(name)
    wait_until(lambda: bob.row(name).done, what="bob's first piece")
    ann.session.groups.remove_member(GROUP, "bob")

    def knows_of_it(person: Person) -> bool:
        group_tls = person.session._transfers.get(GROUP, name).group_tls
        assert group_tls is not None
        return len(group_tls._revoked) == 1

    def is_cut_off() -> bool:
        """By everybody, although the certificate has not expired."""
        return all(
            all(peer.user != "bob" for peer in person.session.transfers.peers(GROUP, name).peers)
            and knows_of_it(person)
            for person in (ann, cat)
        )

    wait_until(is_cut_off, what="bob to be cut off")
    wait_until(lambda: bob.row(name).state is TransferState.FAILED, what="bob's client to stop")


@sealed
def test_metainfo_of_a_sealed_group_carries_its_certificate(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", MIB)
    result = ann.session.files.share(content, tmp_path / "content.torrent", GROUP)
    written = metainfo.parse(Path(result.metainfo).read_bytes())
    assert written.authority is not None
    assert written.authority.startswith("-----BEGIN CERTIFICATE-----")
    assert written.info_hash.hex() == result.info_hash
    team.share(ann, content)
    bob.session.files.get(result.metainfo, str(bob.home))
    bob.finish("content")


@sealed
def test_exported_credentials_work(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    folder = tmp_path / "new folder" / "credentials"
    exported = ann.session.groups.export_credentials(GROUP, folder)
    paths = [Path(p) for p in (exported.certificate, exported.key, exported.dhparams)]
    assert [path.name for path in paths] == ["certificate.pem", "key.pem", "dhparams.pem"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)
    assert "keep it to yourself" in ann.notices_of("warning")[-1].text
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths[0], paths[1])
    context.load_dh_params(exported.dhparams)
    certificate = ssl.PEM_cert_to_DER_cert(paths[0].read_text())
    group_tls = ann.session._transfers.get(GROUP, name).group_tls
    assert group_tls is not None
    assert group_tls.inspect(certificate).user == "ann"


@sealed
def test_no_credentials_for_an_open_group(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    ann.session.groups.create("plaza", is_open=True)
    with pytest.raises(MinitorrentError) as raised:
        ann.session.groups.export_credentials("plaza", tmp_path)
    assert raised.value.code is ErrorCode.USAGE


def ends(person: Person, name: str) -> set[float]:
    """When the certificates of the connections that there are will have expired."""
    torrent = person.session._transfers.get(GROUP, name).torrent
    connections = [connection for connection, _ in torrent.peers()] if torrent else []
    return {c.membership.expires_at for c in connections if c.membership is not None}


@hasty
def test_certificates_are_renewed_without_a_gap(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    ann.session.limits.set("up", SLOW)
    content = make_file(tmp_path / "content", 8 * MIB)
    name = team.share(ann, content)
    copy = bob.start(name)
    moved = looked = time.monotonic()
    gaps, got = 0, 0
    seen: set[float] = set()

    def is_complete() -> bool:
        nonlocal moved, looked, gaps, got
        now, row = time.monotonic(), bob.row(name)
        if now - looked > 0.5:  # progress in the meantime was not observed
            moved = now
        looked = now
        assert row.state is not TransferState.FAILED, row.error
        torrent = bob.session._transfers.get(GROUP, name).torrent
        if torrent is not None and torrent.downloaded != got:
            gaps, moved, got = gaps + (now - moved >= FIRST_PAUSE), now, torrent.downloaded
        seen.update(ends(bob, name))
        assert all(end > time.time() - 5.0 for end in ends(bob, name))
        return row.state is TransferState.SEEDING

    wait_until(is_complete, 40.0, "bob to have it", interval=0.01)
    assert copy.read_bytes() == content.read_bytes()
    assert len(seen) >= 3
    # Usually no connection is lost and redialled; a busy machine may miss an expiry.
    assert gaps <= (len(seen) - 1) // 2


@hasty
def test_a_connection_ends_with_its_certificate(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    ann.session.limits.set("up", SLOW)
    name = team.share(ann, make_file(tmp_path / "content", 16 * MIB))
    bob.start(name)
    wait_until(lambda: ends(bob, name), what="the connection")
    for person in (ann, bob):
        person.session.groups._credentials.close()  # nothing is renewed from here on
    seen: set[float] = set()

    def is_over() -> bool:
        there = ends(ann, name) | ends(bob, name)
        seen.update(there)
        return not there

    wait_until(is_over, 20.0, "the connection to end")
    assert max(seen) <= time.time() < max(seen) + 5.0
    assert bob.row(name).state is TransferState.DOWNLOADING
