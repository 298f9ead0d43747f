"""Several members in one swarm: who serves, who gets nothing, and who returns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from client.assembly.parts import Parts
from client.config import Timing
from client.core.admission.candidates import LONGEST_PAUSE
from client.core.swarm.swarm_config import SwarmConfig
from client.storage.files.torrent_files import TorrentFiles
from common.bitfield import Bitfield
from common.types import PieceIndex
from common.wire.messages import BitfieldMessage, HaveAll, Interested, Reject, Request, Unchoke
from tests.integration.client.conftest import both_modes
from tests.integration.client.hostile import BLOCK, Infiltrator, silent
from tests.integration.client.team import GROUP, Team
from tests.support.content import make_file
from tests.support.peers import Piece, RawPeer, serve
from tests.support.waiting import wait_until

MIB = 1 << 20
SHORT = Timing(identify_for=1.0)
LEISURELY = SwarmConfig(initial_window=4, min_window=4, max_window=4)
"""Few requests at a time: no peer can send everything before the next one is connected."""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@both_modes
def test_two_seeders_each_deliver_more_than_a_quarter(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 24 * MIB)
    ann, cat = team.member("ann"), team.member("cat")
    name = team.share(ann, content)
    cat.fetch(name)
    bob = team.member("bob", LEISURELY)
    copy = bob.start(name)
    came: dict[str, int] = {}

    def is_complete() -> bool:
        for peer in bob.session.transfers.peers(GROUP, name).peers:
            came[peer.user or "?"] = max(peer.downloaded, came.get(peer.user or "?", 0))
        return bob.row(name).state == "seeding"

    wait_until(is_complete, 30.0, "bob to have it", interval=0.001)
    assert copy.read_bytes() == content.read_bytes()
    assert set(came) == {"ann", "cat"}
    assert min(came.values()) > content.stat().st_size / 4, came
    wait_until(lambda: bob.got_notice("from 2 peers"), what="bob's notice")


def test_a_partial_downloader_serves_others(team: Team, stack: ExitStack, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 3 * MIB)
    ann, bob, cat = team.member("ann"), team.member("bob"), team.member("cat")
    name = team.share(ann, content)
    ann.session.transfers.pause(GROUP, name)
    partner = Infiltrator(team, stack, "partner")
    described = partner.metainfo_of(name)
    third = Bitfield(described.piece_count)
    for index in range(described.piece_count // 3):
        third.add(PieceIndex(index))

    def offer_a_third(peer: RawPeer) -> None:
        peer.send(BitfieldMessage(third.to_bytes()), Unchoke())
        serve(peer, described, content.read_bytes())

    size = third.count * described.piece_length
    server = partner.offer(described, offer_a_third)
    bob.start(name)
    wait_until(lambda: bob.row(name).done == size, what="bob to have a third")
    server.close()
    partner.session.close()
    cat.start(name)
    wait_until(lambda: cat.row(name).done == size, what="cat to have what bob has")
    (source,) = cat.session.transfers.peers(GROUP, name).peers
    assert (source.user, source.downloaded) == ("bob", size)
    ann.session.transfers.resume(GROUP, name)
    bob.finish(name)
    cat.finish(name)


def test_a_duplicate_last_piece_is_not_taken_for_a_change(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    """Two peers send it at once; a write after completion would look like a change."""
    both_right, is_ended = threading.Barrier(2), threading.Event()
    written: list[PieceIndex] = []
    written_at_the_end: list[int] = []

    class WrittenLate(TorrentFiles):
        def is_right(self, index: PieceIndex, data: memoryview) -> bool:
            """See TorrentFiles."""
            both_right.wait(timeout=10.0)
            return super().is_right(index, data)

        def write_pieces(self, pieces: Sequence[tuple[PieceIndex, memoryview]]) -> None:
            """See TorrentFiles."""
            if written:
                is_ended.wait(timeout=0.5)
            super().write_pieces(pieces)
            written.extend(index for index, _ in pieces)

        def finish(self, prove: Callable[[], None] = lambda: None) -> None:
            """See TorrentFiles."""
            written_at_the_end.append(len(written))
            super().finish(prove)
            is_ended.set()

    content = make_file(tmp_path / "content", BLOCK)
    ann, bob = team.member("ann"), team.member("bob", parts=Parts(files=WrittenLate))
    name = team.share(ann, content)
    ann.session.transfers.pause(GROUP, name)
    both_asked = threading.Barrier(2)

    def answer_together(peer: RawPeer) -> None:
        peer.send(HaveAll(), Unchoke())
        asked = peer.until(Request)
        both_asked.wait(timeout=10.0)
        peer.send_block(asked.piece, asked.begin, content.read_bytes())
        assert peer.is_closed()  # and not before

    for user in ("cat", "dora"):
        partner = Infiltrator(team, stack, user)
        partner.offer(partner.metainfo_of(name), answer_together)
    bob.start(name)
    wait_until(lambda: bob.row(name).state == "seeding", what="bob to have it")
    transfer = bob.session._transfers.get(GROUP, name)
    wait_until(lambda: len(written) == 2, what="both copies to be written")
    assert written_at_the_end == [2]
    transfer.storage.files.look_at_all()


@both_modes
def test_a_restarted_seeder_is_found_again(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 8 * MIB)
    ann, bob = team.member("ann"), team.member("bob", LEISURELY)
    name = team.share(ann, content)
    bob.start(name)
    wait_until(lambda: bob.row(name).done, what="the first piece")
    ann.restart()
    bob.finish(name)


@pytest.mark.parametrize("first", [b"\0", b"\xff"])  # below and above any id of our own
def test_one_address_under_two_peer_ids_is_one_peer(
    team: Team, stack: ExitStack, tmp_path: Path, first: bytes
) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    ann.session.transfers.pause(GROUP, name)
    spies = [Infiltrator(team, stack, user, first + user.encode() * 5) for user in ("spy", "sp2")]
    described = spies[0].metainfo_of(name)
    server = spies[1].offer(described, silent)
    spies[0].session.announce(described.info_hash.hex(), 0, port=server.address.port)
    bob.start(name)
    wait_until(
        lambda: len(bob.session.transfers.peers(GROUP, name).peers) == 1, what="the connection"
    )
    torrent = bob.session._transfers.get(GROUP, name).torrent
    assert torrent is not None
    listed = torrent._peer_list._candidates
    for spy in spies:
        assert listed.remembered_user(spy.peer_id, "127.0.0.1") is not None
    later = time.monotonic() + LONGEST_PAUSE
    assert list(torrent._peer_list.to_dial(later)) == [], "it is left in peace from now on"
    assert len(server.peers) == 1


def gets_nothing(peer: RawPeer) -> None:
    """Request the first block and an unchoke: neither may arrive."""
    peer.send(Interested(), Request(0, 0, BLOCK))
    with suppress(ConnectionError):
        while True:
            message = peer.read()
            assert not isinstance(message, Piece | Unchoke), message
            if isinstance(message, Reject):
                peer.send(Request(0, 0, BLOCK))


def test_an_unidentified_peer_gets_no_block_and_is_disconnected(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann", timing=SHORT)
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    described = ann.session._transfers.get(GROUP, name).metainfo
    with RawPeer.dial(ann.address, described.info_hash) as outsider:
        gets_nothing(outsider)


def test_a_member_that_dials_before_the_announce_is_served(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    ann = team.member("ann")
    content = make_file(tmp_path / "content", MIB)
    name = team.share(ann, content)
    bob = Infiltrator(team, stack, "bob")
    described = bob.metainfo_of(name)
    peer = stack.enter_context(RawPeer.dial(ann.address, described.info_hash, bob.peer_id))
    peer.send(Interested())
    bob.session.announce(described.info_hash.hex(), described.length)
    peer.until(Unchoke)
    peer.send(Request(0, 0, BLOCK))
    assert peer.until(Piece).data == content.read_bytes()[:BLOCK]


def test_a_removed_member_gets_no_block(team: Team, stack: ExitStack, tmp_path: Path) -> None:
    ann = team.member("ann", timing=SHORT)
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    bob = Infiltrator(team, stack, "bob")
    described = bob.metainfo_of(name)
    bob.session.announce(described.info_hash.hex(), described.length)
    with RawPeer.dial(ann.address, described.info_hash, bob.peer_id) as peer:
        peer.send(Interested())
        peer.until(Unchoke)
    ann.session.transfers.pause(GROUP, name)
    ann.session.transfers.resume(GROUP, name)  # its announce returns bob

    def knows_bob() -> bool:
        torrent = ann.session._transfers.get(GROUP, name).torrent
        return (
            torrent is not None
            and torrent._peer_list._candidates.remembered_user(bob.peer_id, "127.0.0.1") is not None
        )

    wait_until(knows_bob, what="ann to learn of bob")
    ann.session.groups.remove_member(GROUP, "bob")
    with RawPeer.dial(ann.address, described.info_hash, bob.peer_id) as peer:
        gets_nothing(peer)
