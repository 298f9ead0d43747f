"""Totals that are kept for a while."""

from __future__ import annotations

from tracker.services.totals import KEPT_SECONDS, Totals


class Table:
    """Rows that are counted, and how often they were."""

    def __init__(self) -> None:
        self.rows = 7
        self.counted = 0

    def count(self) -> int:
        self.counted += 1
        return self.rows


def test_a_total_is_kept_for_its_owner_and_pattern() -> None:
    now = 100.0
    totals, table = Totals(lambda: now), Table()
    assert totals.of(1, "a", table.count) == 7
    table.rows = 8
    assert totals.of(1, "a", table.count) == 7
    assert totals.of(1, "b", table.count) == 8
    assert totals.of(2, "a", table.count) == 8
    now += KEPT_SECONDS
    assert totals.of(1, "a", table.count) == 8


def test_small_totals_are_of_the_moment() -> None:
    totals, table = Totals(lambda: 0.0), Table()
    assert totals.of(1, "", table.count, least=8) == 7
    table.rows = 8
    assert totals.of(1, "", table.count, least=8) == 8
    table.rows = 9
    assert totals.of(1, "", table.count, least=8) == 8


def test_few_totals_are_kept() -> None:
    totals, table = Totals(lambda: 0.0), Table()
    for owner in range(1001):
        totals.of(owner, "", table.count)
    totals.of(1000, "", table.count)
    assert table.counted == 1001
    totals.of(0, "", table.count)
    assert table.counted == 1002
