"""What `make load`, `make growth` and `make faults` conclude from what they measured."""

from __future__ import annotations

import threading

from benchmarks.load import growth, table
from benchmarks.load.faults import Back, Report
from benchmarks.load.measure import Figures
from benchmarks.load.returning import Findings, ReturningClient
from benchmarks.load.watcher import GRACE, Watcher


def test_figures_are_for_one_operation_and_without_what_is_used_anyway() -> None:
    idle = Figures(4.0, 0.4, 0.04, (1.0,))
    figures = Figures(2.0, 0.6, 0.12, (0.001, 0.002, 0.003, 0.1)).without(idle)
    assert round(figures.tracker_ms, 6) == 100.0
    assert round(figures.database_ms, 6) == 25.0
    assert figures.rate == 2.0
    assert figures.p99_ms == 100.0


def test_the_table_shows_what_was_before_beside_it() -> None:
    figures = Figures(1.0, 0.5, 0.0, (0.5, 0.5))
    text = table.render({"here": {"ping": figures}}, {"here": {"ping": {"tracker_ms": 812.0}}})
    assert text.splitlines()[1].split() == ["ping", "250", "812.00", "0.00", "2", "500"]


def test_growth_is_flagged_beyond_a_factor_of_two() -> None:
    assert growth.is_too_steep([1.0, 9.0, 2.1])
    assert not growth.is_too_steep([1.0, 9.0, 2.0])
    assert not growth.is_too_steep([1.0, None])
    text = growth.render("files", [10, 1000], {"add": [1.0, 3.0], "get": [None, 1.0]})
    _, head, add, get = text.splitlines()
    assert head.split() == ["files", "10", "1,000"]
    assert add.split() == ["add", "1.00", "3.00", "!"]
    assert get.split() == ["get", "-", "1.00"]


def test_a_watcher_must_hear_of_what_ends_during_its_connection() -> None:
    stopped = threading.Event()
    client = ReturningClient("ann", "token", [], Findings(), stopped)
    watcher = Watcher(client, [], Findings(), stopped)
    watcher.take({"kind": "member_left", "removed": ["told"]})
    watcher.fetched["listed"] = 200.0
    watcher.ended += [(0.0, 100.0), (150.0, 300.0)]
    revoked = {"told": 50.0, "listed": 120.0, "unheard": 120.0}
    assert watcher.missed(revoked) == ["unheard"]
    assert watcher.missed({"listed": 99.0 - GRACE}) == ["listed"]
    assert watcher.missed({"listed": 99.0}) == []


def test_a_report_is_clean_only_if_nothing_was_broken_or_late() -> None:
    findings = Findings()
    findings.count("announce", "busy")
    report = Report(findings, slowest={"tracker": Back(9.9, 0.5, 30.0)})
    assert report.is_clean
    assert "1 busy" in str(report)
    assert "tracker 9.9 s (0.5 s of processor time, load 30)" in str(report)
    failed = Findings()
    failed.count("announce", "internal")
    assert not Report(failed).is_clean
    assert not Report(Findings(), slowest={"tracker": Back(10.1, 0.5, 30.0)}).is_clean
    assert not Report(Findings(faults=["lost"])).is_clean
    assert not Report(Findings(), missed=["one"]).is_clean
