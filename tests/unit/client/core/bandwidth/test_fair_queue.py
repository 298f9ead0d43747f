from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.bandwidth.fair_queue import REMEMBERED, BandwidthRequest, FairQueue
from client.core.bandwidth.throttle import BandwidthChannel, TokenBucket

BLOCK = 16 * 1024
ROUND = 0.02


class Peer:
    """Wants `backlog` blocks of a size, as many as it is allowed; `got` counts bytes."""

    def __init__(
        self, key: int, channel: BandwidthChannel, backlog: int = 1 << 40, block: int = BLOCK
    ) -> None:
        self.request = BandwidthRequest(key, channel, self._take)
        self.backlog = backlog
        self.got = 0
        self._block = block

    def _take(self, blocks: int) -> int:
        count = min(blocks, self.backlog)
        self.backlog -= count
        self.got += count * self._block
        return count * self._block


def channel(own: int = 0, shared: TokenBucket | None = None) -> BandwidthChannel:
    return BandwidthChannel(TokenBucket(own, 0.0), shared or TokenBucket(0, 0.0))


def run(peers: list[Peer], seconds: float, queue: FairQueue | None = None) -> None:
    queue = queue or FairQueue()
    for number in range(1, round(seconds / ROUND) + 1):
        queue.serve([peer.request for peer in peers], number * ROUND)


@given(st.integers(1_000, 200_000_000), st.integers(1, 12))
def test_equal_peers_get_equal_parts_of_all_there_is(rate: int, count: int) -> None:
    one = channel(rate)
    peers = [Peer(key, one) for key in range(count)]
    run(peers, 4.0)
    got = [peer.got for peer in peers]
    portion = max(BLOCK, rate * ROUND)
    assert max(got) - min(got) <= portion + BLOCK
    assert rate * 4.0 - 1 <= sum(got) <= rate * 4.0 + BLOCK


def test_large_blocks_get_no_more_than_small_ones() -> None:
    one = channel(400_000)
    large, small = Peer(1, one, block=4 * BLOCK), Peer(2, one)
    run([large, small], 30.0)
    assert abs(large.got - small.got) <= 8 * BLOCK


def test_what_one_does_not_want_goes_to_the_others() -> None:
    one = channel(1_000_000)
    modest, first, second = Peer(1, one, backlog=3), Peer(2, one), Peer(3, one)
    run([modest, first, second], 4.0)
    assert modest.got == 3 * BLOCK
    assert abs(first.got - second.got) <= 3 * BLOCK
    assert modest.got + first.got + second.got >= 4_000_000


def test_who_comes_later_saves_nothing_up() -> None:
    one = channel(1_000_000)
    early, late = Peer(1, one), Peer(2, one)
    queue = FairQueue()
    run([early], 4.0, queue)
    before = early.got
    for number in range(201, 401):
        queue.serve([early.request, late.request], number * ROUND)
    assert abs((early.got - before) - late.got) <= 3 * BLOCK


def test_a_slow_transfer_is_shared_evenly_beside_a_quick_one() -> None:
    quick, slow = channel(50_000_000), channel(40_000)
    fast, first, second = Peer(1, quick), Peer(2, slow), Peer(3, slow)
    run([fast, first, second], 20.0)
    assert abs(first.got - second.got) <= BLOCK
    assert fast.got >= 50_000_000 * 20.0 - 1


def test_limits_lie_within_each_other() -> None:
    shared = TokenBucket(1_000_000, 0.0)
    limited, free = channel(200_000, shared), channel(0, shared)
    peers = [Peer(1, limited), Peer(2, limited), Peer(3, free), Peer(4, free)]
    run(peers, 10.0)
    own = peers[0].got + peers[1].got
    rest = peers[2].got + peers[3].got
    assert own == pytest.approx(2_000_000, rel=0.02)
    assert own + rest == pytest.approx(10_000_000, rel=0.01)
    assert peers[2].got == pytest.approx(peers[3].got, rel=0.02)


def test_who_is_turned_away_shows_that_a_limit_holds() -> None:
    one, other = channel(1_000), channel(10_000_000)
    queue = FairQueue()
    queue.serve([Peer(1, one).request, Peer(2, other, backlog=1).request], ROUND)
    assert one.is_holding(ROUND)
    assert not other.is_holding(ROUND)


def test_nobody_wants_anything() -> None:
    one = channel(1_000_000)
    queue = FairQueue()
    queue.serve([], 1.0)
    queue.serve([Peer(1, one, backlog=0).request], 1.0)
    assert one.own.level > 0
    assert not queue._last


def test_only_so_many_are_remembered() -> None:
    one = channel(1_000_000)
    queue = FairQueue()
    for key in range(REMEMBERED + 10):
        queue.serve([Peer(key, one, backlog=1).request], key * 1.0 + 1)
    assert len(queue._last) == REMEMBERED
