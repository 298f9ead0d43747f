from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.swarm.rate import RateMeter


def test_a_new_transfer_shows_its_true_mean() -> None:
    meter = RateMeter(100.0)
    meter.add(1000)
    assert meter.update(101.0) == pytest.approx(1000)
    meter.add(3000)
    assert meter.update(102.0) == pytest.approx(2000)
    assert meter.rate == pytest.approx(2000)
    assert meter.total == 4000


@given(st.floats(1, 1e9), st.lists(st.floats(0.01, 3), min_size=1, max_size=30))
def test_a_steady_flow_has_its_rate_from_the_start(rate: float, steps: list[float]) -> None:
    meter = RateMeter(0.0)
    now, flown = 0.0, 0.0
    for step in steps:
        now += step
        meter.add(int(now * rate) - int(flown))
        flown = int(now * rate)
        assert meter.update(now) == pytest.approx(rate, rel=0.01, abs=1 + 2 / min(steps))
    assert meter.total == flown


def test_old_samples_are_forgotten() -> None:
    meter = RateMeter(0.0)
    meter.add(1_000_000)
    meter.update(1.0)
    rates = [meter.update(1.0 + second) for second in range(1, 41)]
    assert all(later < earlier for earlier, later in itertools.pairwise(rates))
    assert rates[-1] < 100


@given(st.lists(st.tuples(st.floats(0.01, 10), st.integers(0, 10**6)), min_size=1, max_size=30))
def test_the_rate_never_exceeds_the_fastest_sample(steps: list[tuple[float, int]]) -> None:
    meter = RateMeter(0.0)
    now = fastest = 0.0
    for step, count in steps:
        before, now = now, now + step
        meter.add(count)
        fastest = max(fastest, count / (now - before))
        assert 0 <= meter.update(now) <= fastest * 1.000001


def test_a_stopped_clock_changes_nothing() -> None:
    meter = RateMeter(5.0)
    meter.add(100)
    assert meter.update(5.0) == 0
    assert meter.update(4.0) == 0
    assert meter.update(6.0) == pytest.approx(100)
