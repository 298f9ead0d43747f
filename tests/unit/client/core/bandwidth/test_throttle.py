from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.bandwidth.throttle import BURST, BandwidthChannel, Throttle, TokenBucket

BLOCK = 16 * 1024
rates = st.integers(1, 1 << 30)
steps = st.lists(st.floats(0, 1), min_size=1, max_size=60)


def drain(bucket: TokenBucket, block: int = BLOCK) -> int:
    """Draw as much as possible; return the amount."""
    drawn = 0
    while bucket.level > 0:
        bucket.draw(block)
        drawn += block
    return drawn


@given(rates, steps, st.integers(1, 100))
def test_never_more_than_rate_burst_and_one_block(
    rate: int, waits: list[float], fraction: int
) -> None:
    block = max(1, min(BLOCK, rate // fraction))
    bucket = TokenBucket(rate, 5.0)
    now, drawn = 5.0, 0
    for wait in waits:
        now += wait
        bucket.fill(now)
        if wait < 0.5:  # without draws, the bucket fills up
            drawn += drain(bucket, max(block, math.ceil(bucket.level / 50)))
        assert drawn <= rate * (now - 5.0) + rate * BURST + max(block, rate * BURST / 50 + 1)


@given(rates, st.lists(st.floats(0, BURST * 0.99), min_size=1, max_size=60))
def test_constant_demand_gets_the_whole_rate(rate: int, waits: list[float]) -> None:
    bucket = TokenBucket(rate, 0.0)
    now, drawn = 0.0, 0
    for wait in waits:
        now += wait
        bucket.fill(now)
        drawn += drain(bucket, max(BLOCK, math.ceil(bucket.level / 50)))
    assert drawn >= rate * now - 1


def test_the_bucket_starts_empty_and_ignores_a_backward_clock() -> None:
    bucket = TokenBucket(1000, 10.0)
    bucket.fill(9.0)
    assert bucket.level == 0
    bucket.fill(10.1)
    bucket.fill(10.0)
    assert bucket.level == pytest.approx(100)
    bucket.fill(1e6)
    assert bucket.level == 1000 * BURST


def test_without_a_limit_a_draw_always_succeeds() -> None:
    bucket = TokenBucket(0, 0.0)
    bucket.draw(1 << 40)
    bucket.fill(1.0)
    assert bucket.level == math.inf


def test_a_new_rate_applies_immediately() -> None:
    bucket = TokenBucket(1000, 0.0)
    bucket.fill(1.0)
    bucket.set_rate(2000, 2.0)
    assert bucket.level == 0  # saved tokens are lost
    bucket.draw(300)
    bucket.set_rate(100, 3.0)
    assert bucket.level == -300  # debt is not
    bucket.fill(4.0)
    assert bucket.level == -200
    bucket.set_rate(0, 4.0)
    bucket.set_rate(100, 5.0)
    assert bucket.level == 0


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_channel_has_the_lower_of_its_limits(own: int, shared: int) -> None:
    channel = BandwidthChannel(TokenBucket(own, 0.0), TokenBucket(shared, 0.0))
    assert channel.limited == bool(own or shared)
    assert channel.rate == min([rate for rate in (own, shared) if rate], default=0)
    channel.fill(0.1)
    expected = min([rate * 0.1 for rate in (own, shared) if rate], default=math.inf)
    assert channel.level == pytest.approx(expected)


def test_a_draw_charges_both_buckets() -> None:
    channel = BandwidthChannel(TokenBucket(1000, 0.0), TokenBucket(10_000, 0.0))
    channel.draw(30)
    assert (channel.own.level, channel.shared.level) == (-30, -30)


def test_a_limit_counts_as_holding_after_a_recent_refusal() -> None:
    channel = BandwidthChannel(TokenBucket(1000, 0.0), TokenBucket(0, 0.0))
    assert not channel.is_holding(0.0)
    channel.hold(10.0)
    assert channel.is_holding(10.9)
    assert not channel.is_holding(11.1)
    channel.own.set_rate(0, 10.5)
    assert not channel.is_holding(10.6)


def test_a_throttle_has_two_directions() -> None:
    up, down = (BandwidthChannel(TokenBucket(0, 0.0), TokenBucket(0, 0.0)) for _ in range(2))
    throttle = Throttle(up, down)
    assert throttle.channel("up") is up
    assert throttle.channel("down") is down
