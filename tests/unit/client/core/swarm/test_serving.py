"""Whom a swarm serves: slots, suggested pieces, and the first copy of each piece."""

from __future__ import annotations

from random import Random

from client.core.swarm.actions import Action, Send
from client.core.swarm.peer import MAX_SUGGESTED
from client.core.swarm.swarm import Swarm
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE, BlockRun
from common.wire.messages import (
    BitfieldMessage,
    Choke,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    NotInterested,
    Request,
    Suggest,
    Unchoke,
)
from tests.support.swarm.runs import one
from tests.unit.client.core.protocol.conversations import (
    ALL,
    PIECE,
    greet,
    join,
    receive,
    requested,
    swarm_with,
)
from tests.unit.client.core.protocol.downloader import Pool
from tests.unit.client.core.swarm.swarms import receive_all


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
