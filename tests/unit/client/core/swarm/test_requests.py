"""What a swarm requests of whom: windows, the endgame, pieces moved to other peers."""

from __future__ import annotations

from random import Random

import pytest

from client.core.swarm.actions import Announce, Close, Send
from client.core.swarm.swarm import Swarm
from client.core.swarm.swarm_config import SwarmConfig
from client.core.transfers.piece_selection import PieceSelection
from common.bitfield import Bitfield
from common.types import BLOCK_SIZE
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    NotInterested,
    Unchoke,
)
from tests.support.swarm.runs import one
from tests.support.swarm.swarm_checks import lent_buffers
from tests.unit.client.core.protocol.conversations import (
    GEOMETRY,
    PIECE,
    greet,
    join,
    receive,
    swarm_with,
)
from tests.unit.client.core.protocol.downloader import Pool
from tests.unit.client.core.swarm.swarms import receive_all


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
    lent = [pool.take(PIECE) for _ in range(16)]
    assert swarm.tick(1.1) == []
    pool.give_back(lent.pop())
    assert swarm.tick(1.2) != []


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
