"""A tracker with a full disk: it logs it once, and continues when there is space."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disk import fill, small_disk
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.waiting import wait_until

pytestmark = pytest.mark.sqlite  # it fills the disk that SQLite is on


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 4 << 20) as folder:
        yield folder


def health_of(tracker: TrackerProcess) -> tuple[int, str]:
    """The status with which the question for health is answered, and how full the disk is."""
    try:
        with urllib.request.urlopen(f"http://{tracker.http}/health") as answer:
            return answer.status, json.load(answer)["disk"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["disk"]


def test_a_full_disk_is_reported_and_survived(disk: Path, tmp_path: Path) -> None:
    with (
        TrackerProcess(disk / "tracker") as tracker,
        ClientProcess(tmp_path / "ann", [tracker]) as ann,
    ):
        ann.sign_in("ann")
        ann.ok("create_group first")
        ballast = fill(disk)
        failed = 0
        for number in range(200):  # until SQLite's log is full
            answer = ann.run(f"create_group lab{number}")
            if not answer["ok"]:
                failed += 1
                assert answer["error"]["code"] == "disk_full", answer
                assert "tracker's disk is full" in answer["error"]["message"]
            if failed == 5:
                break
        assert failed == 5
        assert ann.ok("list_groups")["groups"]  # reads continue

        def logged() -> str:
            return "\n".join(tracker.errors.all)

        wait_until(lambda: logged().count("operation=create_group") == 1, what="the line")
        assert "Traceback" not in logged()
        assert len(logged().splitlines()) < 10
        wait_until(lambda: health_of(tracker) == (503, "full"), what="bad health")
        ballast.unlink()
        wait_until(lambda: ann.run("create_group again")["ok"], what="free space to be used")
        assert tracker.is_running


def test_a_full_disk_is_reported_at_startup(disk: Path, tmp_path: Path) -> None:
    fill(disk)
    tracker = TrackerProcess(tmp_path / "tracker")
    command = [*tracker.command, "--data-dir", str(disk / "state")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "disk is full" in done.stderr or "No space left" in done.stderr
