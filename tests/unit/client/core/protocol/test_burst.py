"""The number of blocks sent in one go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from client.core.protocol.burst import LEAST, Burst


def test_a_peer_that_takes_much_quickly_gets_larger_bursts() -> None:
    burst = Burst(4 * LEAST)
    burst.took(LEAST, 0.001)
    assert burst.size == 2 * LEAST
    burst.took(2 * LEAST, 0.001)
    burst.took(4 * LEAST, 0.001)
    assert burst.size == 4 * LEAST


def test_a_slow_peer_gets_smaller_bursts_again() -> None:
    burst = Burst(4 * LEAST)
    for _ in range(2):
        burst.took(burst.size, 0.001)
    burst.took(burst.size, 1.0)
    assert burst.size == 2 * LEAST
    burst.took(burst.size, 1.0)
    burst.took(burst.size, 1.0)
    assert burst.size == LEAST


def test_a_few_blocks_say_nothing_about_the_speed() -> None:
    burst = Burst(4 * LEAST)
    burst.took(LEAST // 2, 0.001)
    assert burst.size == LEAST


@given(
    most=st.integers(1, 512),
    bursts=st.lists(st.tuples(st.integers(1, 512), st.floats(0, 60)), max_size=20),
)
def test_bursts_stay_within_bounds(most: int, bursts: list[tuple[int, float]]) -> None:
    burst = Burst(most)
    for blocks, seconds in bursts:
        assert min(LEAST, most) <= burst.size <= most
        burst.took(blocks, seconds)
