"""How to add a package to the environment that this program runs in."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

_PIPX_FOLDER = ("pipx", "venvs")


def install_command(requirement: str) -> str:
    """Return the shell command that installs a package for this program."""
    prefix = Path(sys.prefix)
    if prefix.parts[-3:-1] == _PIPX_FOLDER:  # such an environment has no pip
        return f"pipx inject {prefix.name} {shlex.quote(requirement)}"
    return f"{shlex.quote(sys.executable)} -m pip install {shlex.quote(requirement)}"
