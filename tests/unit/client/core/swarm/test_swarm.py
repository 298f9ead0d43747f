"""Single walks through the swarm; `test_swarm_machine` takes them in any order."""

from __future__ import annotations

from random import Random

import pytest

from client.core.protocol.peer_protocol import PeerProtocol
from client.core.protocol.peer_stream_decoder import HavesReceived
from client.core.swarm.actions import Announce, Ban, Close, Send
from client.core.swarm.picker import Picker
from client.core.swarm.swarm import Swarm
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE
from common.wire.messages import (
    BitfieldMessage,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    KeepAlive,
    Unchoke,
)
from tests.support.swarm.runs import one
from tests.support.swarm.swarm_checks import lent_buffers
from tests.unit.client.core.protocol.conversations import (
    ALL,
    PIECE,
    join,
    receive,
    swarm_with,
)
from tests.unit.client.core.protocol.downloader import Pool
from tests.unit.client.core.swarm.swarms import receive_all


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


def closed(swarm: Swarm, now: float) -> list[int]:
    return [action.peer for action in swarm.tick(now) if isinstance(action, Close)]


def test_a_full_house_of_useless_peers_makes_room() -> None:
    swarm = swarm_with(connections=2, useless_after=30.0, silent_after=1000.0)
    join(swarm, 1, HaveNone())
    assert not closed(swarm, 29.0)  # there is a place for another
    join(swarm, 2, HaveNone(), Interested())
    assert not closed(swarm, 58.0)
    assert closed(swarm, 59.0) == [1]  # the other one wants something from us, one day
    assert not closed(swarm, 88.0)
    assert closed(swarm, 89.0) == [1]  # it takes its time
    receive(swarm, 2, Have(0))
    assert not closed(swarm, 130.0)


def test_a_full_house_parts_with_a_fifth() -> None:
    swarm = swarm_with([1], connections=10, useless_after=30.0, silent_after=1000.0)
    for key in range(1, 11):
        join(swarm, key, HaveNone())
    assert not closed(swarm, 29.0)
    assert len(set(closed(swarm, 30.0))) == 2


def test_of_those_who_want_something_one_has_to_go() -> None:
    swarm = swarm_with([1], connections=10, useless_after=30.0, silent_after=1000.0)
    for key in range(1, 11):
        join(swarm, key, HaveNone(), Interested())
    assert not closed(swarm, 29.0)
    assert len(closed(swarm, 30.0)) == 1


def test_a_full_house_keeps_everybody_once_complete() -> None:
    swarm = swarm_with(ALL, connections=1, useless_after=30.0, silent_after=1000.0)
    join(swarm, 1, HaveNone())
    assert not closed(swarm, 100.0)


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


def test_a_piece_announced_twice_is_counted_once() -> None:
    swarm = swarm_with([2, 3])
    join(swarm, 1)
    protocol = PeerProtocol(swarm, b"")
    assert protocol.receive(1, HavesReceived([0, 2, 0])) == [Send(1, Interested())]
    assert protocol.receive(1, HavesReceived([2, 0])) == []
    peer = swarm.peers[1]
    assert (list(peer.has), peer.wanted) == ([0, 2], 1)
    swarm.leave(1)
    assert isinstance(swarm._scheduler.picker, Picker)
    assert swarm._scheduler.picker._rarity == [0] * 4


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
