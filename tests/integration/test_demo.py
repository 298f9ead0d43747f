"""The demo works, with and without a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.programs.processes import ManagedProcess
from tests.support.waiting import wait_until

DEMO = Path(__file__).parents[2] / "docs" / "demo.py"


def test_the_demo_runs_to_the_end() -> None:
    with ManagedProcess([sys.executable, str(DEMO)]) as demo:
        assert demo.wait(115) == 0, demo.story()
    text = "\n".join(demo.output.all)
    assert "ann created the sealed group studio" in text
    assert "cat downloaded film.bin from ann and bob" in text
    assert text.count("is identical: SHA-256") == 3
    assert "\x1b" not in text


def test_a_stopped_demo_cleans_up(tmp_path: Path) -> None:
    environment = ["env", f"TMPDIR={tmp_path}"]
    with ManagedProcess([*environment, sys.executable, str(DEMO)]) as demo:
        wait_until(lambda: "ready" in demo.output.tail(), 30, "the tracker to be ready")
        assert demo.terminate() == 130
    assert not list(tmp_path.iterdir())
