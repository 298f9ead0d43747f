"""Ten rounds of killed trackers, databases and connections; `make faults` runs as many as asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.load.faults import run
from benchmarks.load.site import Kind, is_possible
from tests.support.needs import skip


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_nothing_acknowledged_is_lost(kind: Kind, tmp_path: Path) -> None:
    if not is_possible(kind):
        skip("needs PostgreSQL 15 or later")
    report = run(kind, tmp_path / "site", rounds=10)
    assert not report.findings.faults, report
    assert not report.findings.internal, report
    assert not report.missed, report
    assert not report.tracebacks, report
    assert report.revoked, report
