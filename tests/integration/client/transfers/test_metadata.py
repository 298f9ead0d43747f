"""Metadata from peers (BEP 9): which peers our client serves, and how it uses theirs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import bencode2
import pytest

from common import metainfo
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from common.metainfo import Metainfo
from common.wire import metadata
from common.wire.messages import Extended
from common.wire.metadata import MetadataPiece, MetadataRequest
from tests.integration.client.hostile import Infiltrator
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file
from tests.support.peers import PeerServer, RawPeer
from tests.support.swarm.metadata import NUMBER, giver, introduction, received
from tests.support.torrents import write_torrent


def shared(person: Person, path: Path, group: str = GROUP) -> Metainfo:
    """Share a file as a person; return its metainfo."""
    torrent = path.with_suffix(".torrent")
    person.session.files.share(make_file(path, 50_000), torrent, group)
    return metainfo.parse(torrent.read_bytes())


def code(act: Callable[[], object]) -> ErrorCode:
    with pytest.raises(MinitorrentError) as raised:
        act()
    return raised.value.code


def get(person: Person, info: bytes, named: Metainfo) -> str:
    """Get a magnet link with a peer that serves this as a person; return the file's name."""
    with PeerServer(giver(info), named.info_hash, extended=True) as server:
        link = Magnet(named.info_hash, peers=(server.address,)).encode()
        return person.session.files.get(link, str(person.home)).name


def test_only_members_get_metadata(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    described = shared(ann, tmp_path / "film.bin")
    request = Extended(metadata.UT_METADATA, MetadataRequest(0).encode())
    with ExitStack() as stack:
        spy = stack.enter_context(RawPeer.dial(ann.address, described.info_hash, extended=True))
        spy.send(introduction(), request)
        mole = Infiltrator(team, stack, "mole")
        mole.session.announce(described.info_hash.hex(), 50_000, port=1)
        member = stack.enter_context(
            RawPeer.dial(ann.address, described.info_hash, mole.peer_id, extended=True)
        )
        member.send(introduction(), request)
        info = described.info_bytes
        assert received(member) == MetadataPiece(0, len(info), info)
        ann.session.close()
        with pytest.raises(OSError, match=r"closed|reset"):  # without a word of metadata before
            while True:
                message = spy.until(Extended)
                assert message.number != NUMBER


def test_an_unlisted_file_is_listed_again(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    described = shared(ann, tmp_path / "film.bin")
    ann.session.files.stop_share(GROUP, "film.bin")
    assert get(bob, described.info_bytes, described) == "film.bin"
    (row,) = ann.session.files.list(GROUP).files
    assert (row.name, row.owner, row.info_hash) == ("film.bin", "bob", described.info_hash.hex())


def test_metainfo_of_another_group_is_refused(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    ann.session.groups.create("private", is_open=True)
    private = shared(ann, tmp_path / "private.bin", "private")
    torrent = tmp_path / "foreign.torrent"
    write_torrent(make_file(tmp_path / "foreign.bin", 50_000), torrent)
    foreign = metainfo.parse(torrent.read_bytes())
    # It says that it belongs to the group, but nobody has said so before.
    forged = bencode2.bencode(
        {**bencode2.bdecode(private.info_bytes), b"pieces": bytes(len(private.pieces))}
    )
    described = metainfo.parse(metainfo.encode(forged))
    assert code(lambda: get(bob, private.info_bytes, private)) is ErrorCode.NOT_MEMBER
    assert code(lambda: get(bob, foreign.info_bytes, foreign)) is ErrorCode.NO_SUCH_FILE
    assert code(lambda: get(bob, forged, described)) is ErrorCode.NOT_MEMBER
    assert code(lambda: get(bob, foreign.info_bytes, private)) is ErrorCode.NO_PEERS
    assert bob.session.files.list(GROUP).files == []
    assert bob.session.transfers.downloads().downloads == []
