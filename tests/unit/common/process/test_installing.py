"""The command that adds a package to this program's environment."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from common.process.installing import install_command


def test_pip_of_this_environment_installs() -> None:
    command = shlex.split(install_command("psycopg[binary]"))
    assert command == [sys.executable, "-m", "pip", "install", "psycopg[binary]"]


def test_pipx_installs_into_its_own_environments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = tmp_path / "minitorrent"
    environment.mkdir()
    (environment / "pipx_metadata.json").touch()
    monkeypatch.setattr(sys, "prefix", str(environment))
    assert install_command("psycopg[binary]") == "pipx runpip minitorrent install 'psycopg[binary]'"
