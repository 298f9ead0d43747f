"""The traps that the state machine `test_swarm_machine` found, one by one."""

from __future__ import annotations

from random import Random

from client.core.swarm.actions import Send
from client.core.swarm.picker import Picker
from client.core.swarm.piece_download import PieceDownload
from client.core.swarm.swarm import Swarm
from client.core.swarm.swarm_config import SwarmConfig
from common.bitfield import Bitfield
from common.types import BLOCK_SIZE
from common.wire.messages import (
    BitfieldMessage,
    Choke,
    HaveAll,
    NotInterested,
    Unchoke,
)
from tests.support.swarm.runs import one
from tests.support.swarm.swarm_checks import check_picker, check_swarm, lent_buffers
from tests.unit.client.core.protocol.conversations import (
    GEOMETRY,
    PIECE,
    join,
    receive,
    swarm_with,
)
from tests.unit.client.core.protocol.downloader import Pool
from tests.unit.client.core.swarm.swarms import receive_all


def test_a_choke_within_a_piece_reopens_it() -> None:
    """BEP 6: it rejects some blocks and sends others, the last one too, so no reject ends it."""
    swarm = swarm_with([1, 2, 3])
    join(swarm, 1, HaveAll(), Unchoke())
    download = swarm.assign(1, 0, 0.0)[0].download
    receive(swarm, 1, Choke())
    for number in (1, 2, 3):
        download.withdraw(number)
        swarm.rejected(swarm.peers[1], download)
    download.receive(one(0))
    swarm.payload_received(swarm.peers[1], 0, 1.0)
    join(swarm, 2, HaveAll(), Unchoke())
    assert swarm.assign(2, 0, 1.0)[0].download is download


def test_a_snubbed_peer_that_owes_nothing_gets_requests_again() -> None:
    swarm = swarm_with([1, 2, 3])
    join(swarm, 1, HaveAll(), Unchoke(), fast=False)
    swarm.assign(1, 0, 0.0)
    swarm.tick(21.0)
    swarm.choked(swarm.peers[1])
    receive(swarm, 1, Choke())
    receive(swarm, 1, Unchoke())
    assert len(swarm.assign(1, 0, 30.0)) == 1
    assert not swarm.peers[1].snubbed


def test_a_choke_right_after_a_piece_loses_neither() -> None:
    swarm = swarm_with([1, 2, 3])
    join(swarm, 1, HaveAll(), Unchoke(), fast=False)
    download = swarm.assign(1, 0, 0.0)[0].download
    for number in range(4):
        download.receive(one(number))
    swarm.choked(swarm.peers[1])
    receive(swarm, 1, Choke())
    assert swarm.piece_received(swarm.peers[1], download)
    assert swarm.verified(download)
    assert swarm.complete


def test_a_protocol_error_right_after_a_piece_blocks_nobody() -> None:
    swarm = swarm_with([1, 2, 3])
    join(swarm, 1, HaveAll(), Unchoke())
    download = swarm.assign(1, 0, 0.0)[0].download
    for number in range(4):
        download.receive(one(number))
    swarm.leave(1)
    swarm.leave(1)
    assert lent_buffers(swarm) == []
    assert swarm._scheduler.picker.is_open(0)


def test_a_fully_rejected_cancelled_piece_frees_its_buffer() -> None:
    swarm = swarm_with([2, 3])
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
    swarm.peers[1].has_all = False
    downloads: dict[int, PieceDownload] = {
        a.download.index: a.download for a in swarm.assign(1, 0, 0.0)
    }
    swarm.assign(2, 0, 0.0)
    piece = next(iter(swarm.peers[2].downloads))
    wanted = swarm.peers[1].wanted
    quick = swarm.peers[2].downloads[piece]
    assert receive_all(swarm, 2, piece)
    swarm.verified(quick)
    slow = downloads[piece]
    for number in range(4):
        slow.withdraw(number)
        assert swarm.rejected(swarm.peers[1], slow) == []
    assert swarm.peers[1].wanted == wanted - 1
    assert swarm.peers[1].cancelled == []
    swarm.piece_dropped(swarm.peers[1], slow)  # its reader may report it, too


def test_a_cancelled_piece_with_no_open_request_frees_its_buffer() -> None:
    swarm = swarm_with([1, 2, 3], initial_window=2)
    join(swarm, 1, HaveAll(), Unchoke())
    download = swarm.assign(1, 0, 0.0)[0].download
    join(swarm, 2, HaveAll(), Unchoke())
    quick = swarm.assign(2, 0, 0.0)[0].download
    for number in (0, 1):
        download.receive(one(number))
    while quick.missing or quick.outstanding:
        for block in quick.requested():
            quick.receive(one(block.begin // BLOCK_SIZE))
        swarm.assign(2, 0, 0.0)
    assert swarm.piece_received(swarm.peers[2], quick)
    swarm.verified(quick)
    assert lent_buffers(swarm) == []


def test_a_stuck_partial_piece_makes_room_for_an_available_one() -> None:
    swarm = Swarm(GEOMETRY, Bitfield(4), Pool(2 * PIECE), Random(1), 0.0, SwarmConfig())
    join(swarm, 1, BitfieldMessage(b"\xc0"), Unchoke())
    assignments = swarm.assign(1, 0, 0.0)
    assert len(assignments) == 2  # all buffers
    for assignment in assignments:
        assignment.download.receive(one(0))
    join(swarm, 2, BitfieldMessage(b"\x30"), Unchoke())
    assert swarm.assign(2, 0, 0.0) == []
    swarm.leave(1)
    assert len(swarm.assign(2, 0, 0.0)) == 2
    check_swarm(swarm)
    swarm.leave(2)
    swarm.close()
    assert lent_buffers(swarm) == []


def test_a_departed_peers_part_of_a_reassigned_piece_is_dropped() -> None:
    swarm = swarm_with([1, 2, 3])
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
    swarm.assign(1, 0, 0.0)[0].download.receive(one(0))
    copy = swarm.assign(2, 0, 0.0)[0].download
    swarm.leave(1)
    check_swarm(swarm)
    assert lent_buffers(swarm) == [copy.lent]


def snubbed_with_a_block(swarm: Swarm, key: int) -> PieceDownload:
    join(swarm, key, HaveAll(), Unchoke())
    download = swarm.assign(key, 0, 0.0)[0].download
    download.receive(one(0))
    swarm.tick(21.0)
    assert swarm.peers[key].snubbed
    return download


def test_a_snubbed_peer_and_one_that_took_its_piece_both_leave() -> None:
    swarm = swarm_with([1, 2, 3])
    snubbed_with_a_block(swarm, 1)
    join(swarm, 2, HaveAll(), Unchoke())
    kept = swarm.assign(2, 0, 21.0)[0].download
    kept.receive(one(0))
    swarm.leave(2)
    swarm.leave(1)
    check_swarm(swarm)
    assert lent_buffers(swarm) == [kept.lent]


def test_a_snubbed_peer_that_sends_again_has_its_piece_alone() -> None:
    swarm = swarm_with([1, 2, 3])
    own = snubbed_with_a_block(swarm, 1)
    join(swarm, 2, HaveAll(), Unchoke())
    swarm.assign(2, 0, 21.0)[0].download.receive(one(0))
    swarm.leave(2)
    swarm.payload_received(swarm.peers[1], 0, 22.0)
    check_swarm(swarm)
    assert lent_buffers(swarm) == [own.lent]


def test_a_peer_rejects_a_piece_that_it_had_only_by_its_bitfield() -> None:
    swarm = swarm_with([1, 2, 3])
    join(swarm, 1, BitfieldMessage(b"\x80"), Unchoke())
    download = swarm.assign(1, 0, 0.0)[0].download
    download.withdraw(0)
    assert swarm.rejected(swarm.peers[1], download) == [Send(1, NotInterested())]
    picker = swarm._scheduler.picker
    assert isinstance(picker, Picker)
    check_picker(picker)
    assert picker._rarity[0] == 0


def test_partial_pieces_free_their_buffers_at_the_end() -> None:
    swarm = swarm_with([1, 2, 3])
    join(swarm, 1, HaveAll(), Unchoke())
    swarm.assign(1, 0, 0.0)[0].download.receive(one(0))
    swarm.leave(1)
    assert len(lent_buffers(swarm)) == 1
    swarm.close()
    assert lent_buffers(swarm) == []


def test_the_end_of_a_cancelled_piece_changes_nothing() -> None:
    """Its last block arrived while another thread finished another copy."""
    swarm = swarm_with([1, 2, 3])
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
    slow, quick = (swarm.assign(key, 0, 0.0)[0].download for key in (1, 2))
    assert receive_all(swarm, 2, 0)
    swarm.verified(quick)
    for number in range(4):
        slow.receive(one(number))
    assert not swarm.piece_received(swarm.peers[1], slow)
    assert lent_buffers(swarm) == []
