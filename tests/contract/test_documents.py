"""The documents show real behaviour: the test types every input and waits for every output."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.needs import require
from tests.support.network.namespace import private_network
from tests.support.programs.transcript import Transcript, steps

ROOT = Path(__file__).parents[2]


@pytest.fixture
def transcript(tmp_path: Path) -> Iterator[Transcript]:
    """Open terminals in a folder like the project's, in a network where every port is free."""
    require("tmux", "ip", network=True)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    shutil.copy(ROOT / "tracker_info.txt", tmp_path)
    shutil.copy(ROOT / "README.md", tmp_path)
    with private_network(), Transcript(tmp_path, {"HOME": str(tmp_path)}) as playing:
        yield playing


@pytest.mark.timeout(300)
@pytest.mark.parametrize("document", ["README.md", "docs/tutorial.md"])
def test_documented_sessions_behave_as_shown(transcript: Transcript, document: str) -> None:
    for block in steps(ROOT / document):
        transcript.play(block)
