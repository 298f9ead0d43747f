"""The two programs by their names: `minitorrent`, `minitorrent-tracker`, and `python -m`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common import __version__

SCRIPTS = Path(sys.executable).parent
LIMIT = 60.0

CLIENT = [str(SCRIPTS / "minitorrent")]
TRACKER = [str(SCRIPTS / "minitorrent-tracker")]
CLIENT_MODULE = [sys.executable, "-m", "client"]
TRACKER_MODULE = [sys.executable, "-m", "tracker"]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={**os.environ, "COLUMNS": "80"},
        check=False,
    )


@pytest.mark.parametrize("program", [CLIENT, TRACKER, CLIENT_MODULE, TRACKER_MODULE])
def test_version(program: list[str]) -> None:
    ended = run(*program, "--version")
    assert (ended.returncode, ended.stdout) == (0, f"Minitorrent {__version__}\n")


@pytest.mark.parametrize(
    ("program", "name"),
    [
        (CLIENT, "minitorrent"),
        (TRACKER, "minitorrent-tracker"),
        (CLIENT_MODULE, "python -m client"),
        (TRACKER_MODULE, "python -m tracker"),
    ],
)
def test_help_uses_the_name_of_the_called_program(program: list[str], name: str) -> None:
    ended = run(*program, "--help")
    assert ended.returncode == 0
    assert ended.stdout.startswith(f"usage: {name} [-h]")
    assert f"\n  {name} " in ended.stdout.partition("examples:")[2]
    assert all(len(line) <= 80 for line in ended.stdout.splitlines())
    wrong = run(*program, "--nonsense")
    assert wrong.returncode == 2
    assert wrong.stderr.endswith(f"see: {name} --help\n")
    assert wrong.stderr.count("\n") == 1
