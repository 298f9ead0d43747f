"""The table of `make bench`: medians, spreads and ratios."""

from __future__ import annotations

import os

from benchmarks.meter import Sample, anonymous_memory, cpu_seconds, measuring
from benchmarks.table import GIB, MIB, Result, render


def result(name: str, *seconds: float) -> Result:
    return Result(name, GIB, tuple(Sample(s, 2 * s, round(s) * MIB) for s in seconds))


def test_a_result_is_the_median_of_its_runs() -> None:
    one = result("one", 1.0, 4.0, 2.0)
    assert one.rate == GIB / 2
    assert one.spread == (GIB / 4, GIB / 1)
    assert one.cpu_per_gib == 4.0
    assert one.anonymous == 4 * MIB


def test_the_table_has_ratios_to_the_two_named_rows() -> None:
    rows = render(
        [result("limit", 1.0), result("ours", 2.0), result("theirs", 4.0)],
        {"x libtorrent": "theirs", "x limit": "limit"},
    ).splitlines()
    assert rows[0].split() == [
        "GB/s",
        "x",
        "libtorrent",
        "x",
        "limit",
        "CPU",
        "s/GiB",
        "anon",
        "MiB",
    ]
    assert rows[2].split() == ["ours", "0.537", "(0.54-0.54)", "2.00", "0.50", "4.00", "2"]
    assert len({len(row) for row in rows}) == 1


def test_a_missing_row_has_no_ratio() -> None:
    text = render([result("ours", 2.0)], {"x libtorrent": "theirs", "x limit": "limit"})
    assert text.splitlines()[1].split() == ["ours", "0.537", "(0.54-0.54)", "-", "-", "4.00", "2"]


def test_the_meter_counts_this_process() -> None:
    with measuring(os.getpid()) as meter:
        before = cpu_seconds(os.getpid())
        while cpu_seconds(os.getpid()) - before < 0.05:
            sum(range(1000))
        sample = meter.stop()
    assert sample.cpu_seconds >= 0.05
    assert sample.seconds > 0
    assert anonymous_memory(os.getpid()) > MIB


def test_an_ended_process_uses_no_memory() -> None:
    assert anonymous_memory(2**22 + 1) == 0
