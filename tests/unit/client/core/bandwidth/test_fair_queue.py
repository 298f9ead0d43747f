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
def test_equal_peers_get_equal_shares_of_the_whole_rate(rate: int, count: int) -> None:
    one = channel(rate)
    peers = [Peer(key, one) for key in range(count)]
    run(peers, 4.0)
    got = [peer.got for peer in peers]
    portion = max(BLOCK, rate * ROUND)
    assert max(got) - min(got) <= portion + BLOCK
    assert rate * 4.0 - 1 <= sum(got) <= rate * 4.0 + BLOCK


def test_block_size_does_not_change_the_share() -> None:
    one = channel(400_000)
    large, small = Peer(1, one, block=4 * BLOCK), Peer(2, one)
    run([large, small], 30.0)
    assert abs(large.got - small.got) <= 8 * BLOCK


def test_unused_shares_go_to_the_others() -> None:
    one = channel(1_000_000)
    modest, first, second = Peer(1, one, backlog=3), Peer(2, one), Peer(3, one)
    run([modest, first, second], 4.0)
    assert modest.got == 3 * BLOCK
    assert abs(first.got - second.got) <= 3 * BLOCK
    assert modest.got + first.got + second.got >= 4_000_000


def test_late_peers_have_no_credit() -> None:
    one = channel(1_000_000)
    early, late = Peer(1, one), Peer(2, one)
    queue = FairQueue()
    run([early], 4.0, queue)
    before = early.got
    for number in range(201, 401):
        queue.serve([early.request, late.request], number * ROUND)
    assert abs((early.got - before) - late.got) <= 3 * BLOCK


def test_a_slow_and_a_fast_transfer_share_evenly() -> None:
    quick, slow = channel(50_000_000), channel(40_000)
    fast, first, second = Peer(1, quick), Peer(2, slow), Peer(3, slow)
    run([fast, first, second], 20.0)
    assert abs(first.got - second.got) <= BLOCK
    assert fast.got >= 50_000_000 * 20.0 - 1


def test_nested_limits_both_hold() -> None:
    shared = TokenBucket(1_000_000, 0.0)
    limited, free = channel(200_000, shared), channel(0, shared)
    peers = [Peer(1, limited), Peer(2, limited), Peer(3, free), Peer(4, free)]
    run(peers, 10.0)
    own = peers[0].got + peers[1].got
    rest = peers[2].got + peers[3].got
    assert own == pytest.approx(2_000_000, rel=0.02)
    assert own + rest == pytest.approx(10_000_000, rel=0.01)
    assert peers[2].got == pytest.approx(peers[3].got, rel=0.02)


def test_a_refused_request_shows_that_a_limit_holds() -> None:
    one, other = channel(1_000), channel(10_000_000)
    queue = FairQueue()
    queue.serve([Peer(1, one).request, Peer(2, other, backlog=1).request], ROUND)
    assert one.is_holding(ROUND)
    assert not other.is_holding(ROUND)


def test_without_requests_nothing_is_granted() -> None:
    one = channel(1_000_000)
    queue = FairQueue()
    queue.serve([], 1.0)
    queue.serve([Peer(1, one, backlog=0).request], 1.0)
    assert one.own.level > 0
    assert not queue._last


def test_remembered_peers_are_bounded() -> None:
    one = channel(1_000_000)
    queue = FairQueue()
    for key in range(REMEMBERED + 10):
        queue.serve([Peer(key, one, backlog=1).request], key * 1.0 + 1)
    assert len(queue._last) == REMEMBERED
