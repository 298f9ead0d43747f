"""Floods are slowed, useful traffic is not."""

from __future__ import annotations

import pytest

from client.core.protocol.message_cost import (
    BURST,
    LONGEST_PAUSE,
    REFILL_PER_SECOND,
    MessageBudget,
    Traffic,
)
from client.core.protocol.peer_stream_decoder import (
    HavesReceived,
    MessageReceived,
    PieceReceived,
    RequestsReceived,
    StreamEvent,
)
from client.core.swarm.piece_download import PieceDownload
from common.types import BLOCK_SIZE, PieceIndex
from common.wire.codec import encode
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Extended,
    HaveAll,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Request,
)
from tests.support.swarm.memory import Memory
from tests.support.swarm.runs import alone

HAVE_SIZE = 9  # bytes

FLOODS: list[list[Message]] = [
    [HaveAll()],
    [BitfieldMessage(bytes(2000))],
    [Interested(), NotInterested()],
    [Cancel(0, 0, BLOCK_SIZE)],
    [Extended(0, b"d" + bytes(3000))],
    [Extended(2, bytes(30))],
    [Extended(99, bytes(200_000))],
    [KeepAlive()],
]


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: repr(flood)[:30])
def test_a_flood_is_read_slowly(flood: list[Message]) -> None:
    events: list[StreamEvent] = [MessageReceived(message) for message in flood * 100]
    assert_slowed(events, len(events), sum(len(encode(message)) for message in flood) * 100)


def test_a_flood_of_haves_is_read_slowly() -> None:
    assert_slowed([HavesReceived([1] * 100)], 100, 100 * HAVE_SIZE)


def assert_slowed(events: list[StreamEvent], count: int, size: int) -> None:
    """Assert that reading the same again and again, `count` messages at once, is slowed."""
    budget = MessageBudget(0.0)
    now, read, rounds = 0.0, 0, 0
    while now < 60.0:
        read += size
        now += budget.charge(events, Traffic(read=read), now)
        rounds += 1
        assert rounds < 10_000, "it is never slowed"
    # A message costs a quarter at least, however small: 2,000 a second and 20,000 at once.
    allowed = (60.0 + LONGEST_PAUSE) * 4 * REFILL_PER_SECOND + 4 * BURST
    assert rounds * count <= allowed + count


@pytest.mark.slow
def test_requested_data_is_never_slowed() -> None:
    budget = MessageBudget(0.0)
    block = BLOCK_SIZE + 13
    piece: StreamEvent = PieceReceived(PieceDownload(PieceIndex(0), Memory(BLOCK_SIZE)))
    for number in range(1, 100_000):
        traffic = Traffic(read=number * block, payload=number * BLOCK_SIZE, overhead=number * 22)
        assert not budget.charge([piece, HavesReceived([1])], traffic, number / 6400)


def test_a_requested_piece_is_free() -> None:
    budget = MessageBudget(0.0)
    piece: StreamEvent = PieceReceived(PieceDownload(PieceIndex(0), Memory(BLOCK_SIZE)))
    traffic = Traffic(read=BLOCK_SIZE + 13, payload=BLOCK_SIZE, overhead=22)
    assert budget.charge([piece], traffic, 0.0) == 0


def test_downloading_peers_are_never_slowed() -> None:
    budget = MessageBudget(0.0)
    given = 0
    for number in range(1, 10_000):
        events = [RequestsReceived(alone([Request(0, 0, BLOCK_SIZE)] * 3))]
        assert not budget.charge(events, Traffic(read=number * 51, sent=given), number / 2000)
        given += 3 * BLOCK_SIZE


def test_refused_requests_are_charged() -> None:
    budget = MessageBudget(0.0)
    requests: list[StreamEvent] = [RequestsReceived(alone([Request(0, 0, BLOCK_SIZE)] * 1000))]
    pauses = [budget.charge(requests, Traffic(read=n * 17_000), 0.0) for n in range(1, 10)]
    assert not pauses[0]
    assert pauses[-1] > 1.0


def test_small_records_are_charged() -> None:
    budget = MessageBudget(0.0)
    assert budget.charge([], Traffic(read=40_000, overhead=40_000 * 22), 0.0) > 1.0


def test_late_blocks_cost_little() -> None:
    budget = MessageBudget(0.0)
    late = 200 * BLOCK_SIZE
    assert not budget.charge([], Traffic(read=late, discarded=late), 0.0)
    assert budget.charge([], Traffic(read=9 * late, discarded=9 * late), 0.0) > 1.0
