"""The table of `make bench`: medians, ratios within each run, targets, the JSON and the picture."""

from __future__ import annotations

import json
import os
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks import picture, report, rows, targets, warming
from benchmarks.line.measure import LineResult
from benchmarks.line.shape import MEGABIT, Shape
from benchmarks.line.table import judge as judge_lines
from benchmarks.line.table import render as render_lines
from benchmarks.load.cpu import cpu_seconds
from benchmarks.meter import Sample, anonymous_memory, measuring
from benchmarks.options import parse
from benchmarks.table import GIB, MIB, Result, costs, rates, ratio, render


def result(name: str, *seconds: float, cpu: float = 2.0, anonymous: int = 0) -> Result:
    return Result(name, GIB, tuple(Sample(s, cpu * s, anonymous * MIB) for s in seconds))


def line(ours: float, libtorrent: float, first_piece: float) -> LineResult:
    shape = Shape(0.05, 200 * MEGABIT)
    return LineResult(shape, 190 * MEGABIT, ours * MEGABIT, libtorrent * MEGABIT, first_piece)


def test_a_result_is_the_median_of_its_runs() -> None:
    one = Result("one", GIB, (Sample(1.0, 2.0, MIB), Sample(4.0, 8.0, 0), Sample(2.0, 4.0, 0)))
    assert one.rate == GIB / 2
    assert one.cpu_per_gib == 4.0
    assert one.anonymous == MIB


def test_a_ratio_is_taken_within_each_run() -> None:
    """The machine was half as quick in the second run, and twice in the third."""
    ours, theirs = result("ours", 2.0, 4.0, 1.0), result("theirs", 3.0, 6.0, 1.5)
    assert ratio(rates, ours, theirs) == pytest.approx(1.5)
    assert ratio(costs, ours, theirs) == pytest.approx(1 / 1.5)


def test_the_table_has_each_rows_ratios_to_the_limit() -> None:
    table = render(
        [result("limit", 1.0), result("ours", 2.0, cpu=3.0, anonymous=60)], "limit"
    ).splitlines()
    assert table[0].split() == ["GB/s", "x", "limit", "CPU", "s/GiB", "x", "limit", "anon", "MiB"]
    assert table[2].split() == ["ours", "0.537", "(0.54-0.54)", "0.50", "6.00", "3.00", "60"]
    assert len({len(row) for row in table}) == 1


def test_without_the_limit_there_are_no_ratios() -> None:
    table = render([result("ours", 2.0)], "limit").splitlines()
    assert table[1].split() == ["ours", "0.537", "(0.54-0.54)", "-", "4.00", "-", "-"]


def test_targets_are_judged_on_the_rows_that_there_are() -> None:
    measured = [
        result(rows.LIMIT, 1.0),
        result(rows.OPEN, 1.25, cpu=1.6, anonymous=60),
        result(rows.LIBTORRENT, 2.5),
    ]
    verdicts = {one.what: one for one in targets.judge(measured, on_disk=False)}
    assert {what: (one.measured, one.reached) for what, one in verdicts.items()} == {
        "GB/s, open, against libtorrent": (2.0, False),
        "GB/s, open, against the limit": (0.8, False),
        "CPU s/GiB, open, against libtorrent": (0.4, True),
        "CPU s/GiB, open, against the limit": (1.0, True),
        "MiB of memory that is no file cache, ours": (60.0, True),
    }
    printed = targets.render(list(verdicts.values())).splitlines()
    assert printed[1].split()[-5:] == ["at", "least", "2.2", "2.00", "missed"]
    assert printed[3].split()[-5:] == ["at", "most", "0.5", "0.40", "reached"]


def test_on_a_disk_there_is_another_target_for_the_rate() -> None:
    measured = [result(rows.OPEN, 1.0), result(rows.LIBTORRENT, 1.4)]
    first, *_ = targets.judge(measured, on_disk=True)
    assert first.bound == 1.3
    assert first.reached


def test_every_target_names_rows_of_the_table() -> None:
    """A misspelt one would never be judged."""
    everything = [result(name, 1.0) for name in rows.ROWS]
    assert len(targets.judge(everything, on_disk=False)) == 13
    assert len(targets.judge(everything, on_disk=True)) == 6


def test_lines_are_shown_in_megabits_and_round_trips() -> None:
    text = render_lines([line(ours=180.0, libtorrent=150.0, first_piece=0.2)])
    assert text.splitlines()[1] == "50 ms, 200 Mbit/s  190   180         150             1.20  " + (
        "0.20 s = 4.0 round trips"
    )


def test_lines_are_judged_by_goodput_and_by_the_first_piece() -> None:
    verdicts = judge_lines([line(140.0, 150.0, 0.2), line(160.0, 150.0, 0.3)])
    assert [one.reached for one in verdicts] == [False, True, True]


def test_the_report_is_json_with_everything() -> None:
    results, lines = [result(rows.LIMIT, 1.0), result(rows.OPEN, 2.0)], [line(1.0, 2.0, 3.0)]
    verdicts = targets.judge(results, on_disk=False) + judge_lines(lines)
    document = json.loads(json.dumps(report.document(report.machine(), results, lines, verdicts)))
    assert document["machine"]["cores"] > 0
    assert document["rows"][1]["bytes_per_second"] == GIB / 2
    assert document["rows"][1]["samples"] == [{"seconds": 2.0, "cpu_seconds": 4.0, "anonymous": 0}]
    assert document["lines"][0]["shape"]["round_trip"] == 0.05
    assert {one["reached"] for one in document["targets"]} == {True, False}


def test_the_picture_has_two_bars_a_row_as_long_as_the_figures() -> None:
    results = [result("limit", 1.0), result("ours <&>", 2.0, cpu=1.0)]
    root = ElementTree.fromstring(picture.draw(results, "a machine"))
    space = "{http://www.w3.org/2000/svg}"
    widths = [int(bar.attrib["width"]) for bar in root.findall(f"{space}rect")[1:]]
    assert widths == [170, 85, 170, 170]
    texts = [text.text for text in root.findall(f"{space}text")]
    assert texts[:2] == ["limit", "ours <&>"]
    assert texts[-1] == "a machine"


def test_quick_is_smaller_unless_told_otherwise() -> None:
    assert parse(["--quick"]).size == 64 * MIB
    assert parse(["--quick"]).runs == 1
    full = parse(["--size", "1G", "--runs", "5", "--dir", "/"])
    assert (full.size, full.runs, full.in_memory) == (GIB, 5, False)


@pytest.mark.parametrize(
    "arguments",
    [["--size", "1X"], ["--size", ""], ["--size", "0"], ["--runs", "0"], ["--dir", "/nowhere"]],
)
def test_wrong_arguments_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)
    assert "error: " in capsys.readouterr().err


def test_warming_uses_all_of_the_memory() -> None:
    assert warming.use(3 * MIB + 5) == 3 * MIB + 5


def test_memory_is_warmed_before_the_clock_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warm(content: Path) -> None:
        names = {thread.name for thread in threading.enumerate()}
        warmed.append((content, "memory sampler" in names))

    warmed: list[tuple[Path, bool]] = []
    monkeypatch.setattr("benchmarks.meter.warm_for_copy", warm)
    with measuring(os.getpid(), copied=tmp_path):
        assert warmed == [(tmp_path, False)]


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
