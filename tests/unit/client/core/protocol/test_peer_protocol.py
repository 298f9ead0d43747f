"""Effects of peers' messages; `test_swarm_machine` sends them in any order."""

from __future__ import annotations

from random import Random

import pytest

from client.core.protocol.peer_protocol import MAX_WAITING_REQUESTS, PeerProtocol
from client.core.protocol.peer_stream_decoder import PeerStreamDecoder, PieceDropped, PieceReceived
from client.core.swarm.actions import Close, Send, Verify
from client.core.swarm.swarm import Swarm
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE, Block, PieceIndex
from common.wire.codec import MAX_REQUEST
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    KeepAlive,
    Message,
    Reject,
    Request,
    Suggest,
    Unchoke,
    WireError,
)
from tests.support.swarm.runs import blocks_of, one
from tests.support.swarm.swarm_checks import lent_buffers
from tests.support.swarm.waiting_blocks import WaitingBlocks
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


# --- greetings ---
@pytest.mark.parametrize(
    ("have", "fast", "greeting"),
    [
        (ALL, True, [HaveAll()]),
        ([], True, [HaveNone()]),
        ([0, 3], True, [BitfieldMessage(b"\x90")]),
        (ALL, False, [BitfieldMessage(b"\xf0")]),
        ([0], False, [BitfieldMessage(b"\x80")]),
        ([], False, []),
    ],
)
def test_a_peer_gets_our_bitfield(have: list[int], fast: bool, greeting: list[Message]) -> None:
    assert greet(swarm_with(have), 7, fast=fast) == [Send(7, m) for m in greeting]


def test_a_later_bitfield_adds_to_what_a_peer_has() -> None:
    """As aria2 does: it announces its new pieces in another bitfield."""
    swarm = swarm_with([0])
    join(swarm, 1)
    assert receive(swarm, 1, HaveNone()) == []
    assert receive(swarm, 1, BitfieldMessage(b"\xc0")) == [Send(1, Interested())]
    assert swarm.peers[1].wanted == 1
    assert receive(swarm, 1, BitfieldMessage(b"\x20")) == []
    assert list(swarm.peers[1].has) == [0, 1, 2]
    assert swarm.peers[1].wanted == 2
    assert receive(swarm, 1, HaveAll()) == []
    assert swarm.peers[1].has.complete
    assert swarm.peers[1].wanted == 3
    swarm.leave(1)


@pytest.mark.parametrize("bits", [b"", b"\xf8", b"\xf0\0"])
def test_a_bitfield_must_fit(bits: bytes) -> None:
    swarm = swarm_with()
    join(swarm, 1)
    with pytest.raises(WireError, match="does not fit"):
        receive(swarm, 1, BitfieldMessage(bits))


def test_a_have_must_be_valid_and_counts_once() -> None:
    swarm = swarm_with([0])
    join(swarm, 1)
    assert receive(swarm, 1, Have(0)) == []
    assert receive(swarm, 1, Have(1)) == [Send(1, Interested())]
    assert receive(swarm, 1, Have(1)) == []
    assert swarm.peers[1].wanted == 1
    for piece in (4, 2**32 - 1):
        with pytest.raises(WireError, match="does not exist"):
            receive(swarm, 1, Have(piece))


def test_two_seeders_disconnect() -> None:
    parting = [Close(1, "both have everything")]
    swarm = swarm_with(ALL)
    join(swarm, 1)
    assert receive(swarm, 1, HaveAll()) == parting
    join(swarm, 2, BitfieldMessage(b"\xe0"))
    assert receive(swarm, 2, Have(3)) == [Close(2, "both have everything")]


def test_useless_messages_do_nothing() -> None:
    swarm = swarm_with()
    join(swarm, 1)
    assert receive(swarm, 1, KeepAlive()) == receive(swarm, 1, Extended(3, b"")) == []
    assert receive(swarm, 1, HaveNone()) == []


# --- serving ---
def test_only_pieces_we_have_go_to_unchoked_peers() -> None:
    swarm = swarm_with([0, 1])
    join(swarm, 1, Interested())
    good, lacking = Request(1, 0, BLOCK_SIZE), Request(2, 0, BLOCK_SIZE)
    blocks, actions = requested(swarm, 1, [good, lacking])
    assert blocks == [Block(PieceIndex(1), 0, BLOCK_SIZE)]
    assert actions == [Send(1, Reject(2, 0, BLOCK_SIZE))]


@pytest.mark.parametrize("fast", [True, False])
def test_a_request_that_crossed_our_choke_is_dropped(fast: bool) -> None:
    swarm = swarm_with(ALL)
    join(swarm, 1, fast=fast)
    swarm.tick(10.0)  # it is not interested
    blocks, actions = requested(swarm, 1, [Request(0, 0, 5)])
    assert blocks == []
    assert actions == ([Send(1, Reject(0, 0, 5))] if fast else [])


@pytest.mark.parametrize("fast", [True, False])
def test_a_waiting_request_can_be_cancelled(fast: bool) -> None:
    swarm = swarm_with(ALL)
    join(swarm, 1, Interested(), fast=fast)
    requested(swarm, 1, [Request(0, 0, 5), Request(0, 5, 5)])
    answer = [Send(1, Reject(0, 0, 5))] if fast else []
    assert receive(swarm, 1, Cancel(0, 0, 5)) == answer
    assert requested(swarm, 1, [])[0] == [Block(PieceIndex(0), 5, 5)]
    assert receive(swarm, 1, Cancel(0, 0, 5)) == []  # nothing waits any more


def test_too_many_requests_end_the_connection() -> None:
    swarm = swarm_with(ALL)
    join(swarm, 1, Interested())
    requested(swarm, 1, [Request(0, 0, 1)] * MAX_WAITING_REQUESTS)
    with pytest.raises(WireError, match="2049 requests at once"):
        requested(swarm, 1, [Request(0, 0, 1)])


@pytest.mark.parametrize("fast", [True, False])
def test_choking_rejects_each_waiting_request(fast: bool) -> None:
    swarm = swarm_with(ALL, upload_slots=1)
    for key in (1, 2):
        join(swarm, key, Interested(), fast=fast)
    blocks, _ = requested(swarm, 1, [Request(0, 0, 5), Request(1, 0, 5)])
    assert len(blocks) == 2
    actions = swarm._choke(swarm.peers[1])
    refused = [Send(1, Reject(0, 0, 5)), Send(1, Reject(1, 0, 5))]
    assert actions == [Send(1, Choke()), *(refused if fast else [])]
    assert requested(swarm, 1, []) == ([], [])


@pytest.mark.parametrize(("fast", "rate", "kept"), [(True, 8, 2), (True, 1, 0), (False, 8, 0)])
def test_a_choked_peer_gets_the_rest_of_a_piece_soon(fast: bool, rate: int, kept: int) -> None:
    swarm = swarm_with(ALL, upload_slots=1, rechoke_every=1.0)
    join(swarm, 1, Interested(), fast=fast)
    requested(swarm, 1, [Request(2, number * BLOCK_SIZE, BLOCK_SIZE) for number in range(3)])
    requested(swarm, 1, [Request(3, 0, BLOCK_SIZE)])
    peer = swarm.peers[1]
    assert isinstance(peer.uploads, WaitingBlocks)
    peer.uploads.take()
    peer.up.add(rate * BLOCK_SIZE)
    peer.up.update(1.0)
    choke, *refused = swarm._choke(peer)
    assert choke == Send(1, Choke())
    assert len(refused) == (3 - kept if fast else 0)
    assert [block.piece for block in requested(swarm, 1, [])[0]] == [2] * kept


@pytest.mark.parametrize(
    "request_",
    [
        Request(4, 0, 1),
        Request(0, 0, 0),
        Request(0, PIECE, 1),
        Request(0, 1, PIECE),
        Request(2**32 - 1, 2**32 - 1, 2**32 - 1),
    ],
)
def test_a_request_outside_the_torrent_ends_the_connection(request_: Request) -> None:
    swarm = swarm_with(ALL)
    join(swarm, 1, Interested())
    with pytest.raises(WireError, match="outside"):
        requested(swarm, 1, [request_])


def test_a_request_above_128_kib_ends_the_connection() -> None:
    geometry = Geometry(1024 * 1024, 1024 * 1024)
    swarm = Swarm(geometry, Bitfield.full(1), Pool(0), Random(1), 0.0)
    join(swarm, 1, Interested())
    blocks, _ = requested(swarm, 1, [Request(0, 0, MAX_REQUEST)])
    assert blocks == [Block(PieceIndex(0), 0, MAX_REQUEST)]
    with pytest.raises(WireError, match="131073 bytes"):
        requested(swarm, 1, [Request(0, 0, MAX_REQUEST + 1)])


# --- what comes over the wire ---
def test_the_extended_handshake_follows_the_greeting() -> None:
    ours = Extended(0, b"de")
    protocol = PeerProtocol(swarm_with(), b"")
    said = protocol.join(
        1, PeerStreamDecoder(), WaitingBlocks(), fast=True, now=0.0, introduction=ours
    )
    assert said == [Send(1, HaveNone()), Send(1, ours)]


def test_a_member_is_confirmed_once_and_an_unidentified_peer_disconnected() -> None:
    swarm = swarm_with([0])
    greet(swarm, 1, fast=True)
    receive(swarm, 1, Interested())
    protocol = PeerProtocol(swarm, b"")
    assert protocol.confirm(1) == [Send(1, Unchoke())]
    assert protocol.confirm(1) == protocol.confirm(2) == []


@pytest.mark.parametrize("piece", [4, 2**32 - 1])
def test_a_suggestion_of_a_piece_that_does_not_exist_violates_the_protocol(piece: int) -> None:
    swarm = swarm_with()
    join(swarm, 1)
    with pytest.raises(WireError, match="suggestion"):
        receive(swarm, 1, Suggest(piece))


def test_payload_and_whole_messages_end_silence() -> None:
    swarm = swarm_with()
    join(swarm, 1)
    protocol, peer = PeerProtocol(swarm, b""), swarm.peers[1]
    assert protocol.record_received(1, 5.0, has_message=False)
    assert peer.received_at == 0.0  # a part of a message
    assert protocol.record_received(1, 6.0, has_message=True)
    assert (peer.received_at, peer.block_at, swarm.downloaded) == (6.0, 0.0, 0)
    peer.stream.payload += 100
    assert protocol.record_received(1, 7.0, has_message=False)
    assert (peer.received_at, peer.block_at, swarm.downloaded) == (7.0, 7.0, 100)
    assert not protocol.record_received(2, 8.0, has_message=True)


def asked(swarm: Swarm, key: int, now: float = 0.0) -> list[Block]:
    return blocks_of(PeerProtocol(swarm, b"").request(key, now))


def test_requests_are_sent_in_bursts() -> None:
    swarm = swarm_with(initial_window=4, min_window=4)
    join(swarm, 1, HaveAll())
    protocol = PeerProtocol(swarm, b"")
    assert not protocol.needs_requests(1, 0.0)  # it chokes us
    assert not protocol.needs_requests(2, 0.0)
    receive(swarm, 1, Unchoke())
    assert (protocol.window(1, 0.0), protocol.needs_requests(1, 0.0)) == (4, True)
    assert len(asked(swarm, 1)) == swarm.peers[1].stream.outstanding == 4
    assert not protocol.needs_requests(1, 0.0)
    assert asked(swarm, 2) == []


def test_a_limit_bounds_the_requests() -> None:
    swarm = swarm_with()
    join(swarm, 1, HaveAll(), Unchoke())
    assert len(blocks_of(PeerProtocol(swarm, b"").request(1, 0.0, limit=2))) == 2


def test_a_piece_is_verified_once_and_its_duplicate_dropped() -> None:
    swarm = swarm_with([1, 2, 3])
    protocol = PeerProtocol(swarm, b"")
    copies = []
    for key in (1, 2):
        join(swarm, key, HaveAll(), Unchoke())
        asked(swarm, key)
        copies.append(next(iter(swarm.peers[key].downloads.values())))
    quick, slow = copies
    for number in range(4):
        quick.receive(one(number))
    assert protocol.receive(1, PieceReceived(quick)) == [Verify(1, quick)]
    swarm.verified(quick)
    assert slow.cancelled
    assert protocol.receive(2, PieceDropped(slow)) == []
    assert lent_buffers(swarm) == []


def test_only_a_requested_block_can_be_rejected() -> None:
    swarm = swarm_with()
    join(swarm, 1, HaveAll(), Unchoke())
    first, *_ = blocks = asked(swarm, 1)
    receive(swarm, 1, Reject(*first))
    assert not swarm.peers[1].has[first.piece]  # it lacks a piece that it announced
    assert receive(swarm, 1, Reject(first.piece, 7, 1)) == []
    assert swarm.peers[1].stream.outstanding == len(blocks) - 1


@pytest.mark.parametrize("fast", [True, False])
def test_a_choke_without_bep_6_cancels_all_requests(fast: bool) -> None:
    swarm = swarm_with()
    has = HaveAll() if fast else BitfieldMessage(b"\xf0")
    join(swarm, 1, has, Unchoke(), fast=fast)
    blocks = asked(swarm, 1)
    assert receive(swarm, 1, Choke()) == []
    assert swarm.peers[1].stream.outstanding == (len(blocks) if fast else 0)


def test_uploads_to_departed_peers_are_counted() -> None:
    swarm = swarm_with(ALL)
    join(swarm, 1)
    swarm.payload_sent(1, 10)
    swarm.payload_sent(2, 5)
    assert (swarm.uploaded, swarm.peers[1].up.total) == (15, 10)
