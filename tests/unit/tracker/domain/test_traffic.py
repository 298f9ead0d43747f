"""What counts of the totals that clients report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.traffic import FASTEST, LONGEST, Traffic, growth

MIB = 2**20
TOTALS = st.builds(Traffic, st.integers(0, 2**48), st.integers(0, 2**48))


@pytest.mark.parametrize(
    ("known", "reported", "grown"),
    [
        ([], (5, 7), (0, 0)),
        ([(5, 7)], (5, 7), (0, 0)),
        ([(5, 7)], (6, 9), (1, 2)),
        ([(5, 7)], (3, 4), (3, 4)),
        ([(5, 7), (4, 9)], (8, 10), (3, 1)),
        ([(0, 0)], (200 * MIB, 2 * MIB), (200 * MIB, 2 * MIB)),
        ([(0, 0)], (200 * MIB + 1, 2 * MIB + 1), (0, 0)),
        ([(0, 0)], (200 * MIB + 1, 1), (0, 1)),
    ],
)
def test_growth_counts(
    known: list[tuple[int, int]], reported: tuple[int, int], grown: tuple[int, int]
) -> None:
    assert growth([Traffic(*one) for one in known], Traffic(*reported), MIB) == grown


def test_nobody_is_faster_than_100_gigabits() -> None:
    most = FASTEST * LONGEST
    assert growth([Traffic(0, 0)], Traffic(most, most), 2**50) == (most, most)
    assert growth([Traffic(0, 0)], Traffic(most + 1, most + 1), 2**50) == (0, 0)


@given(st.lists(TOTALS, max_size=4), TOTALS, st.integers(0, 2**48))
def test_growth_is_bounded(known: list[Traffic], reported: Traffic, size: int) -> None:
    up, down = growth(known, reported, size)
    assert 0 <= up <= min(reported.up, 200 * size, FASTEST * LONGEST)
    assert 0 <= down <= min(reported.down, 2 * size, FASTEST * LONGEST)


@given(st.lists(st.integers(0, MIB), max_size=20))
def test_what_is_sent_is_counted_once(steps: list[int]) -> None:
    total = counted = 0
    for step in steps:
        counted += growth([Traffic(total, 0)], Traffic(total + step, 0), MIB).up
        total += step
    assert counted == total
