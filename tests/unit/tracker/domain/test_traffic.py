"""What counts of the totals that clients report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.traffic import FASTEST, NONE, Traffic, growth

TOTALS = st.builds(Traffic, st.integers(0, 2**48), st.integers(0, 2**48))
SECONDS = st.floats(-1e9, 1e9)


@pytest.mark.parametrize(
    ("known", "reported", "grown"),
    [
        ([], (5, 7), (0, 0)),
        ([(5, 7)], (5, 7), (0, 0)),
        ([(5, 7)], (6, 9), (1, 2)),
        ([(5, 7)], (3, 4), (3, 4)),
        ([(5, 7), (4, 9)], (8, 10), (3, 1)),
        ([(0, 0)], (30 * FASTEST, 5), (30 * FASTEST, 5)),
        ([(0, 0)], (30 * FASTEST + 1, 5), (0, 5)),
        ([(0, 0)], (5, 30 * FASTEST + 1), (5, 0)),
    ],
)
def test_growth_counts(
    known: list[tuple[int, int]], reported: tuple[int, int], grown: tuple[int, int]
) -> None:
    assert growth([Traffic(*one) for one in known], Traffic(*reported), 30) == grown


def test_a_second_is_the_shortest_time() -> None:
    for seconds in (0.0, -5.0):  # the clock may have been set back
        assert growth([NONE], Traffic(FASTEST, 0), seconds) == (FASTEST, 0)
        assert growth([NONE], Traffic(FASTEST + 1, 0), seconds) == (0, 0)


@given(st.lists(TOTALS, max_size=4), TOTALS, SECONDS)
def test_growth_is_bounded(known: list[Traffic], reported: Traffic, seconds: float) -> None:
    up, down = growth(known, reported, seconds)
    most = FASTEST * max(1.0, seconds)
    assert 0 <= up <= min(reported.up, most)
    assert 0 <= down <= min(reported.down, most)


@given(st.lists(TOTALS, max_size=20))
def test_what_is_sent_is_counted_once(steps: list[Traffic]) -> None:
    total = counted = NONE
    for step in steps:
        counted = counted.plus(growth([total], total.plus(step), 1e9))
        total = total.plus(step)
    assert counted == total
