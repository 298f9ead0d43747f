"""Single walks through the swarm; `test_swarm_machine` takes them in any order."""

from __future__ import annotations

from random import Random

import pytest

from client.core.swarm.actions import Action, Announce, Ban, Close, Send
from client.core.swarm.peer import MAX_SUGGESTED
from client.core.swarm.picker import Picker
from client.core.swarm.piece_download import PieceDownload
from client.core.swarm.swarm import Swarm
from client.core.swarm.swarm_config import SwarmConfig
from client.core.transfers.piece_selection import PieceSelection
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE, BlockRun
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    KeepAlive,
    NotInterested,
    Request,
    Suggest,
    Unchoke,
)
from tests.support.swarm.runs import one
from tests.support.swarm.swarm_checks import check_picker, check_swarm, lent_buffers
from tests.unit.client.core.protocol.conversations import (
    ALL,
    GEOMETRY,
    PIECE,
    greet,
    join,
    receive,
    requested,
    swarm_with,
)
from tests.unit.client.core.protocol.downloader import Pool


def test_an_interested_member_is_unchoked_at_once_while_slots_are_free() -> None:
    swarm = swarm_with([0, 1, 2], upload_slots=2)
    for key in (1, 2, 3):
        greet(swarm, key, fast=True)
    assert receive(swarm, 1, Interested()) == []  # an outsider
    assert swarm.confirm(1) == [Send(1, Unchoke())]
    assert swarm.confirm(1) == swarm.confirm(99) == []
    assert swarm.confirm(2) == []  # wants nothing
    assert receive(swarm, 2, Interested()) == [Send(2, Unchoke())]
    swarm.confirm(3)
    assert receive(swarm, 3, Interested()) == []
    assert receive(swarm, 1, NotInterested()) == [Send(3, Unchoke())]


def test_a_seeder_serves_a_peer_before_it_says_that_it_is_interested() -> None:
    swarm = swarm_with(ALL, upload_slots=2, rechoke_every=10.0)
    for key in (1, 2, 3):
        greet(swarm, key, fast=False)
    receive(swarm, 1, HaveAll())
    assert swarm.confirm(1) == []
    assert swarm.confirm(2) == [Send(2, Unchoke())]
    assert swarm.confirm(3) == [Send(3, Unchoke())]
    assert receive(swarm, 2, Interested()) == []
    assert swarm.tick(10.0) == [Send(3, Choke())]  # it had time to say so


def test_a_peer_that_is_not_interested_leaves_its_slot_to_another() -> None:
    swarm = swarm_with(ALL, upload_slots=1)
    for key in (1, 2):
        greet(swarm, key, fast=False)
        swarm.confirm(key)
    assert receive(swarm, 1, NotInterested()) == [Send(2, Unchoke())]


def test_the_slot_of_a_peer_that_wants_nothing_more_is_free_at_once() -> None:
    swarm = swarm_with([0], upload_slots=2)
    for key in (1, 2, 3):
        join(swarm, key, Interested())
    assert swarm.peers[3].am_choking
    assert receive(swarm, 1, NotInterested()) == [Send(3, Unchoke())]


def test_a_peer_that_requests_nothing_takes_no_slot() -> None:
    swarm = swarm_with([0], upload_slots=2, extra_slots=1, slot_idle_after=2.0)
    for key in (1, 2, 3, 4):
        join(swarm, key, Interested())
    swarm.peers[1].uploads.send_blocks([BlockRun(0, 0, 1, BLOCK_SIZE)])
    assert swarm.tick(1.9) == []
    (unchoked,) = swarm.tick(2.0)
    assert unchoked in (Send(3, Unchoke()), Send(4, Unchoke()))
    assert swarm.tick(4.0) == []  # no further extra slot
    assert len([p for p in swarm.peers.values() if not p.am_choking]) == 3


# --- the first copy of each piece ---
def suggestions(actions: list[Action]) -> list[int]:
    return [a.message.piece for a in actions if isinstance(a, Send) and type(a.message) is Suggest]


def test_a_seeder_suggests_other_pieces_to_each_peer_before_it_unchokes_it() -> None:
    swarm = swarm_with(ALL, initial_window=8)  # two pieces
    both: list[int] = []
    for key in (1, 2, 3):
        greet(swarm, key, fast=key != 3)
        *before, last = swarm.confirm(key)
        assert last == Send(key, Unchoke())
        both += suggestions(before)
    assert sorted(both) == [0, 1, 2, 3]
    request = [Request(both[0], 0, BLOCK_SIZE)]
    assert requested(swarm, 1, request)[1] == []  # all pieces are given or suggested
    swarm.leave(2)
    request = [Request(both[1], 0, BLOCK_SIZE)] * 5
    assert set(suggestions(requested(swarm, 1, request)[1])) == set(both[2:])


def test_a_seeder_counts_what_a_peer_has_not_spread() -> None:
    swarm = swarm_with(ALL, upload_slots=1, initial_window=16)
    join(swarm, 1, Interested())
    for piece in ALL:
        requested(swarm, 1, [Request(piece, 0, BLOCK_SIZE)])
        receive(swarm, 1, Have(piece))
    assert swarm.peers[1].wanted == 0
    assert swarm._candidate(swarm.peers[1]).hoards is False  # too few pieces to judge
    join(swarm, 2, Have(0))
    assert swarm._first_copies is not None
    assert swarm._first_copies._given == {1: 1, 2: 1, 3: 1}


def test_a_new_seeder_suggests_only_what_no_downloader_has() -> None:
    swarm = swarm_with([1, 2, 3])
    join(swarm, 1, HaveAll(), Unchoke())
    join(swarm, 2, Have(1), Interested())
    swarm.assign(1, 0, 0.0)
    receive_all(swarm, 1, 0)
    assert suggestions(swarm.verified(swarm._scheduler._verifying[0])) == []
    assert set(suggestions(swarm._suggest(swarm.peers[2], 100))) == {0, 2, 3}


def test_a_choked_peers_pieces_are_suggested_to_others() -> None:
    swarm = swarm_with(ALL, upload_slots=1, initial_window=16, rechoke_every=10.0)
    join(swarm, 1, Interested())
    join(swarm, 2, Interested())
    swarm.peers[2].up.add(10**9)
    sent = swarm.tick(10.0)
    if not swarm.peers[1].am_choking:  # it became the optimistic one
        sent = swarm.tick(40.0) + swarm.tick(70.0) + swarm.tick(100.0)
    assert sorted(suggestions(sent))[:4] == [0, 1, 2, 3]


def test_suggestions_are_followed_until_the_peer_chokes_us() -> None:
    swarm = swarm_with()
    join(swarm, 1, HaveAll(), Suggest(2), Suggest(3), Unchoke())
    assert [a.download.index for a in swarm.assign(1, 0, 0.0, 8)] == [2, 3]
    receive(swarm, 1, Suggest(1))
    receive(swarm, 1, Choke())
    assert not swarm.peers[1].suggested


def test_a_suggestion_comes_before_a_piece_that_another_left_half_way() -> None:
    swarm = swarm_with()
    join(swarm, 1, HaveAll(), Unchoke())
    (begun,) = swarm.assign(1, 0, 0.0, 2)
    begun.download.receive(one(0))
    swarm.leave(1)
    half = begun.download.index
    suggested = (half + 1) % 4
    join(swarm, 2, HaveAll(), Suggest(suggested), Unchoke())
    assert [a.download.index for a in swarm.assign(2, 0, 0.0, 7)] == [suggested, half]


def test_a_piece_is_finished_before_another_is_begun() -> None:
    swarm = swarm_with(min_window=12, min_ahead=2)
    join(swarm, 1, HaveAll(), Unchoke())
    swarm.peers[1].joined_at = -10.0  # its rate is known, and low
    (first,) = swarm.assign(1, 0, 0.0)
    assert len(first.numbers) == 4
    assert swarm.assign(1, 2, 0.0) == []
    (second,) = swarm.assign(1, 1, 0.0)
    assert second.download is not first.download


def test_only_the_latest_suggestions_are_remembered() -> None:
    geometry = Geometry(1000 * BLOCK_SIZE, BLOCK_SIZE)
    swarm = Swarm(geometry, Bitfield(1000), Pool(PIECE), Random(1), 0.0)
    greet(swarm, 1, fast=True)
    swarm.have.add(999)
    for piece in range(1000):
        receive(swarm, 1, Suggest(piece))
    assert list(swarm.peers[1].suggested) == list(range(999 - MAX_SUGGESTED, 999))


def test_uploaders_are_unchoked_and_others_choked() -> None:
    swarm = swarm_with([0], upload_slots=2, rechoke_every=10.0)
    for key in range(1, 6):
        join(swarm, key, Interested())
    assert not swarm.peers[1].am_choking
    swarm.peers[5].down.add(10**9)
    sent = swarm.tick(10.0)
    assert Send(5, Unchoke()) in sent
    served = {key for key, peer in swarm.peers.items() if not peer.am_choking}
    assert len(served) == 2
    assert {key for key, peer in swarm.peers.items() if peer.optimistic} == served - {5}
    assert {key for key in range(6) if Send(key, Choke()) in sent} == {1, 2} - served


def test_a_seeder_serves_the_fastest_downloaders_even_if_snubbed() -> None:
    swarm = swarm_with(ALL, upload_slots=2)
    for key in (1, 2, 3, 4):
        join(swarm, key, Interested())
    swarm.peers[3].up.add(10**9)
    swarm.peers[3].snubbed = True
    swarm.tick(10.0)
    assert not swarm.peers[3].am_choking


# --- the clock ---
def test_keep_alives_are_sent_in_time() -> None:
    swarm = swarm_with(keep_alive_every=100.0, silent_after=1000.0)
    join(swarm, 1)
    assert swarm.tick(99.0) == []
    assert swarm.tick(100.0) == [Send(1, KeepAlive())]
    assert swarm.tick(199.0) == []


def test_silent_peers_are_disconnected() -> None:
    swarm = swarm_with()
    join(swarm, 1)
    assert Close(1, "said nothing for too long") not in swarm.tick(150.0)
    assert Close(1, "said nothing for too long") in swarm.tick(150.1)


def snubbed(swarm: Swarm) -> set[int]:
    return {key for key, peer in swarm.peers.items() if peer.snubbed}


def test_peers_that_owe_blocks_are_snubbed_then_disconnected() -> None:
    swarm = swarm_with(silent_after=1000.0, min_window=32, min_ahead=32)
    join(swarm, 1, HaveAll(), Unchoke())
    join(swarm, 2, HaveAll(), Unchoke())
    assert len(swarm.assign(1, 0, 0.0)) == 4
    swarm.tick(20.0)
    assert snubbed(swarm) == set()
    assert swarm.assign(1, 16, 20.0) == []
    swarm.tick(20.1)
    assert snubbed(swarm) == {1}
    assert swarm.assign(1, 16, 20.1) == []
    assert len(swarm.assign(2, 0, 20.1)) == 4
    assert not swarm.tick(60.0)
    assert swarm.tick(60.1) == [Close(1, "did not send what was requested")]


# --- downloading ---
def receive_all(swarm: Swarm, key: int, piece: int) -> bool:
    download = swarm.peers[key].downloads[piece]
    for block in download.requested():
        download.receive(one(block.begin // BLOCK_SIZE))
    return swarm.piece_received(swarm.peers[key], download)


def test_choking_and_empty_peers_get_no_requests() -> None:
    swarm = swarm_with()
    join(swarm, 1, HaveAll())
    join(swarm, 2, HaveNone(), Unchoke())
    assert swarm.assign(1, 0, 0.0) == swarm.assign(2, 0, 0.0) == swarm.assign(3, 0, 0.0) == []


def test_requests_never_exceed_the_window() -> None:
    swarm = swarm_with(initial_window=6)
    join(swarm, 1, HaveAll(), Unchoke())
    assert [len(a.numbers) for a in swarm.assign(1, 0, 0.0)] == [4, 2]
    assert swarm.assign(1, 6, 0.0) == []
    assert [a.numbers for a in swarm.assign(1, 5, 0.0)] == [range(2, 3)]


def test_what_space_there_is_in_a_window_waits_until_a_piece_fits() -> None:
    swarm = swarm_with(initial_window=16)  # four pieces of four blocks
    join(swarm, 1, HaveAll(), Unchoke())
    assert [a.numbers for a in swarm.assign(1, 6, 0.0)] == [range(4), range(4)]
    assert swarm.assign(1, 13, 0.0) == []
    assert [a.numbers for a in swarm.assign(1, 12, 0.0)] == [range(4)]


@pytest.mark.parametrize(("peers", "rest"), [(1, 8), (2, 0)])
def test_near_the_end_only_several_peers_get_a_share_each(peers: int, rest: int) -> None:
    """A single one would idle for a round trip before each of the last requests."""
    swarm = swarm_with(initial_window=16)
    for key in range(1, peers + 1):
        join(swarm, key, HaveAll(), Unchoke())
    assert len(swarm.assign(1, 0, 0.0, 8)) == 2
    assert sum(len(a.numbers) for a in swarm.assign(1, 8, 0.0)) == rest


def test_a_rate_limit_allows_few_blocks_at_a_time() -> None:
    swarm = swarm_with(initial_window=6)
    join(swarm, 1, HaveAll(), Unchoke())
    assert [a.numbers for a in swarm.assign(1, 0, 0.0, 3)] == [range(3)]
    assert [a.numbers for a in swarm.assign(1, 3, 0.0, 2)] == [range(3, 4), range(1)]
    assert [a.numbers for a in swarm.assign(1, 5, 0.0, 9)] == [range(1, 2)]
    assert swarm.assign(1, 6, 0.0, 9) == []


def test_a_peer_held_back_by_our_limit_is_not_slow() -> None:
    swarm = swarm_with([0, 1, 2])
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
    download = swarm.assign(1, 0, 0.0, 1)[0].download
    download.receive(one(0))
    swarm.payload_received(swarm.peers[1], 0, 0.0)
    assert swarm.assign(2, 0, 10.0, 1) == []  # peer 1 owes nothing: it continues with the rest
    assert swarm.assign(1, 0, 10.0, 1)[0].download is download
    assert swarm.assign(2, 0, 20.0, 1)[0].download is not download


def test_in_endgame_the_slower_of_two_peers_is_cancelled() -> None:
    swarm = swarm_with([1, 2, 3])
    for key in (1, 2, 3):
        join(swarm, key, HaveAll(), Unchoke())
    slow = swarm.assign(1, 0, 0.0)[0].download
    quick = swarm.assign(2, 0, 0.0)[0].download
    assert slow is not quick
    assert swarm.assign(3, 0, 0.0) == []  # two are enough
    assert receive_all(swarm, 2, 0)
    actions = swarm.verified(quick)
    assert actions[0] == Announce(Have(0), soon=[], later=[1, 2, 3])
    assert [a for a in actions[1:] if not isinstance(a, Announce) and a.peer == 1] == [
        *(Send(1, Cancel(0, n * BLOCK_SIZE, BLOCK_SIZE)) for n in range(4)),
        Send(1, NotInterested()),
        Close(1, "both have everything"),
    ]
    assert slow.cancelled
    swarm.piece_dropped(swarm.peers[1], slow)
    assert lent_buffers(swarm) == []


def stalled_swarm(*, fast: bool = True) -> Swarm:
    """Peer 1 was asked for all four pieces and has sent nothing; peer 2 was asked for nothing."""
    swarm = swarm_with(initial_window=16)
    join(swarm, 1, HaveAll() if fast else BitfieldMessage(b"\xf0"), Unchoke(), fast=fast)
    assert len(swarm.assign(1, 0, 0.0)) == 4
    join(swarm, 2, HaveAll(), Unchoke())
    return swarm


def test_an_idle_peer_is_asked_for_a_piece_that_waits_in_anothers_queue() -> None:
    swarm = stalled_swarm()
    (piece, waiting), *_ = swarm.peers[1].downloads.items()
    assert swarm.tick(1.0) == []  # it may still be on its way
    cancels = [Send(1, Cancel(piece, n * BLOCK_SIZE, BLOCK_SIZE)) for n in range(4)]
    assert swarm.tick(1.1) == cancels
    assert waiting.cancelled
    assert [a.download.index for a in swarm.assign(2, 0, 1.1)] == [piece]
    for block in waiting.requested():
        waiting.withdraw(block.begin // BLOCK_SIZE)
        assert swarm.rejected(swarm.peers[1], waiting) == []
    assert len(lent_buffers(swarm)) == 4


def test_a_piece_is_moved_to_an_idle_peer_only_once() -> None:
    swarm = stalled_swarm()
    moved = swarm.tick(1.1)
    assert swarm.assign(2, 0, 1.1)
    join(swarm, 3, HaveAll(), Unchoke())
    again = swarm.tick(2.5)
    assert moved
    assert again
    assert {a.message for a in moved if isinstance(a, Send)}.isdisjoint(
        a.message for a in again if isinstance(a, Send)
    )
    assert {a.peer for a in again if isinstance(a, Send)} == {1}


def test_a_peer_that_need_not_answer_a_cancel_keeps_its_pieces() -> None:
    swarm = stalled_swarm(fast=False)
    assert swarm.tick(1.1) == []


def test_a_piece_stays_where_it_is_while_there_is_no_buffer_for_it() -> None:
    swarm = stalled_swarm()
    pool = swarm._scheduler._buffers
    lent = [pool.take(PIECE) for _ in range(6)]
    assert swarm.tick(1.1) == []
    pool.give_back(lent.pop())
    assert swarm.tick(1.2) != []


def served_by(swarm: Swarm) -> set[int]:
    return {key for key, peer in swarm.peers.items() if not peer.am_choking}


def test_a_peer_that_only_takes_is_served_when_nobody_else_wants_anything() -> None:
    swarm = swarm_with([0], upload_slots=2, rechoke_every=10.0)
    join(swarm, 1, BitfieldMessage(b"\x40"), Interested())  # has what we lack, and chokes us
    join(swarm, 2, HaveNone(), Interested())
    swarm.payload_sent(1, 5 * PIECE)
    assert served_by(swarm) == {1, 2}
    swarm.tick(10.1)
    assert served_by(swarm) == {2}
    receive(swarm, 2, NotInterested())
    assert served_by(swarm) == {1, 2}
    receive(swarm, 2, Interested())
    swarm.payload_received(swarm.peers[1], PIECE, 11.0)
    swarm.tick(20.2)
    assert served_by(swarm) == {1, 2}


def test_a_received_piece_is_not_requested_again_while_it_is_verified() -> None:
    swarm = swarm_with([1, 2, 3])
    for key in (1, 2, 3):
        join(swarm, key, HaveAll(), Unchoke())
    swarm.assign(1, 0, 0.0)
    quick = swarm.assign(2, 0, 0.0)[0].download
    assert receive_all(swarm, 2, 0)
    assert [swarm.assign(key, 0, 5.0) for key in (2, 3)] == [[], []]
    swarm.failed(quick)
    assert swarm.assign(3, 0, 5.0), "it was wrong"


def test_a_cancelled_piece_of_a_departing_peer_frees_its_buffer() -> None:
    swarm = swarm_with([1, 2, 3])
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
    slow = swarm.assign(1, 0, 0.0)[0].download
    quick = swarm.assign(2, 0, 0.0)[0].download
    assert receive_all(swarm, 2, 0)
    swarm.verified(quick)
    assert lent_buffers(swarm) == [slow.lent]
    swarm.leave(1)
    assert lent_buffers(swarm) == []


def flow(swarm: Swarm, blocks: dict[int, int], seconds: float) -> None:
    """Let peers have sent so many blocks by then."""
    for key, count in blocks.items():
        swarm.peers[key].down.add(count * BLOCK_SIZE)
        swarm.payload_received(swarm.peers[key], 0, seconds)
    swarm.tick(seconds)


@pytest.mark.parametrize(("sent", "taken"), [({1: 39, 2: 40}, True), ({1: 40, 2: 39}, False)])
def test_a_piece_is_reassigned_only_from_a_slower_peer(sent: dict[int, int], taken: bool) -> None:
    swarm = swarm_with([1, 2, 3])
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
    swarm.assign(1, 0, 0.0)
    flow(swarm, sent, 5.0)
    assert bool(swarm.assign(2, 0, 5.0)) is taken


def sequential(fetchers: int = 2) -> Swarm:
    """A swarm that requested piece 0 from peer 1, and piece 1 from peer 2."""
    selection = PieceSelection(GEOMETRY, [GEOMETRY.length], sequential=True)
    limits = SwarmConfig(initial_window=4, min_window=4, max_window=4, max_fetchers=fetchers)
    swarm = Swarm(GEOMETRY, Bitfield(4), Pool(10 * PIECE), Random(1), 0.0, limits, selection)
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
        assert [a.download.index for a in swarm.assign(key, 0, 0.0)] == [key - 1]
    return swarm


@pytest.mark.parametrize(
    ("sent", "pieces"),
    [
        ({1: 1, 2: 40}, [0]),  # it would hold everything up
        ({1: 30, 2: 40}, [2]),  # a little slower only
    ],
)
def test_sequential_download_reassigns_the_first_piece_from_a_slow_peer(
    sent: dict[int, int], pieces: list[int]
) -> None:
    swarm = sequential()
    flow(swarm, sent, 5.0)
    assert receive_all(swarm, 2, 1)
    assert [a.download.index for a in swarm.assign(2, 0, 5.0)] == pieces


def test_sequential_download_bounds_the_peers_of_the_first_piece() -> None:
    swarm = sequential(fetchers=1)
    flow(swarm, {1: 1, 2: 40}, 5.0)
    assert receive_all(swarm, 2, 1)
    assert [a.download.index for a in swarm.assign(2, 0, 5.0)] == [2]


def test_sequential_download_gives_new_peers_a_chance() -> None:
    swarm = sequential()
    flow(swarm, {1: 1, 2: 40}, 1.0)
    assert receive_all(swarm, 2, 1)
    assert [a.download.index for a in swarm.assign(2, 0, 1.0)] == [2]


def test_a_duplicate_piece_changes_nothing() -> None:
    swarm = swarm_with([1, 2, 3])
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
    copies = [swarm.assign(key, 0, 0.0)[0].download for key in (1, 2)]
    assert receive_all(swarm, 1, 0)
    assert receive_all(swarm, 2, 0)
    assert swarm.verified(copies[0])
    assert swarm.verified(copies[1]) == []
    assert lent_buffers(swarm) == []


def test_a_wrong_copy_does_not_reopen_a_piece_being_verified() -> None:
    swarm = swarm_with([1, 2, 3])
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
    copies = [swarm.assign(key, 0, 0.0)[0].download for key in (1, 2)]
    assert receive_all(swarm, 1, 0)
    assert receive_all(swarm, 2, 0)
    assert swarm.failed(copies[0]) == [Ban(1, "sent a piece with the wrong hash")]
    assert not swarm._scheduler.picker.open_count
    assert swarm.verified(copies[1])


def test_a_wrong_piece_from_several_is_downloaded_from_one_peer() -> None:
    swarm = swarm_with([1, 2, 3], initial_window=2)
    join(swarm, 1, HaveAll(), Unchoke())
    download = swarm.assign(1, 0, 0.0)[0].download
    download.receive(one(0))
    swarm.leave(1)
    join(swarm, 2, HaveAll(), Unchoke())
    for _ in range(2):
        assert swarm.assign(2, 0, 0.0)[0].download is download
        for block in download.requested():
            download.receive(one(block.begin // BLOCK_SIZE))
    assert swarm.piece_received(swarm.peers[2], download)
    assert download.sources == {1, 2}
    assert swarm.failed(download) == []
    again = swarm.assign(2, 0, 0.0)[0].download
    again.receive(one(0))
    swarm.leave(2)  # this time its blocks are not kept for another peer
    assert lent_buffers(swarm) == []
    assert swarm._scheduler.picker.is_open(0)


@pytest.mark.parametrize("liar", [1, 2])
def test_the_liar_among_several_is_found_with_the_right_piece(liar: int) -> None:
    swarm = swarm_with([1, 2, 3], initial_window=2)
    join(swarm, 1, HaveAll(), Unchoke())
    download = swarm.assign(1, 0, 0.0)[0].download
    download.buffer[:] = bytes(download.size)
    download.receive(one(0))
    download.buffer[0] = liar == 1
    swarm.leave(1)
    join(swarm, 2, HaveAll(), Unchoke())
    while requests := swarm.assign(2, 0, 0.0)[0].numbers:
        for number in requests:
            download.receive(one(number))
        if download.complete:
            break
    download.buffer[BLOCK_SIZE] = liar == 2
    assert swarm.piece_received(swarm.peers[2], download)
    assert swarm.failed(download) == []
    swarm.leave(2)
    join(swarm, 3, HaveAll(), Unchoke())
    again = swarm.assign(3, 0, 0.0)[0].download
    again.buffer[:] = bytes(again.size)
    assert receive_all(swarm, 3, again.index)
    actions = swarm.verified(again)
    assert [a for a in actions if isinstance(a, Ban)] == [
        Ban(liar, "sent a block of a wrong piece")
    ]


def test_unidentified_peers_get_no_requests() -> None:
    swarm = swarm_with([1, 2, 3])
    greet(swarm, 1, fast=True)
    for message in (HaveAll(), Unchoke()):
        receive(swarm, 1, message)
    assert swarm.assign(1, 0, 0.0) == []
    swarm.confirm(1)
    assert swarm.assign(1, 0, 0.0)


def test_a_reject_while_unchoked_means_a_missing_piece() -> None:
    swarm = swarm_with([1, 2, 3])
    join(swarm, 1, HaveAll(), Unchoke())
    download = swarm.assign(1, 0, 0.0)[0].download
    for number in range(4):
        download.withdraw(number)
        actions = swarm.rejected(swarm.peers[1], download)
        assert actions == ([Send(1, NotInterested())] if number == 0 else [])
    assert not swarm.peers[1].has[0]
    assert swarm._scheduler.picker.is_open(0)
    assert receive(swarm, 1, Have(0)) == [Send(1, Interested())]


# --- the traps that the state machine found, one by one ---
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


@pytest.mark.parametrize(
    ("length", "have", "verified"),
    [
        (4 * PIECE, [], 0),
        (4 * PIECE, [0, 2], 2 * PIECE),
        (3 * PIECE + 5, [0, 3], PIECE + 5),
        (3 * PIECE + 5, ALL, 3 * PIECE + 5),
        (0, [], 0),
    ],
)
def test_verified_bytes_are_counted(length: int, have: list[int], verified: int) -> None:
    geometry = Geometry(length, PIECE)
    bitfield = Bitfield(geometry.piece_count)
    for piece in have:
        bitfield.add(piece)
    assert Swarm(geometry, bitfield, Pool(0), Random(1), 0.0).verified_bytes == verified


def test_a_new_piece_is_announced_to_all_peers() -> None:
    swarm = swarm_with([2, 3])
    join(swarm, 1, HaveAll(), Unchoke())
    join(swarm, 2, BitfieldMessage(b"\x80"), fast=True)
    other = next(a.download for a in swarm.assign(1, 0, 0.0) if a.download.index == 1)
    assert receive_all(swarm, 1, 1)
    # Peer 1 has that piece itself.
    assert swarm.verified(other) == [Announce(Have(1), soon=[2], later=[1])]
    assert [peer.wanted for peer in swarm.peers.values()] == [1, 1]


def test_a_repeated_have_all_or_have_none_changes_nothing() -> None:
    swarm = swarm_with([1])
    join(swarm, 1, HaveAll())
    join(swarm, 2, HaveNone())
    for key in (1, 2):
        assert receive(swarm, key, HaveNone()) == []
    assert receive(swarm, 1, HaveAll()) == []
    assert receive(swarm, 1, BitfieldMessage(b"\xf0")) == []
    assert swarm.peers[1].has.complete
    assert not swarm.peers[2].has.count
