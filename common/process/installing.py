"""How to add a package to the environment that this program runs in."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

_OF_PIPX = "pipx_metadata.json"
"""A file in every environment that pipx created."""


def install_command(*requirements: str) -> str:
    """Return the shell command that installs or upgrades packages for this program."""
    packages = shlex.join(requirements)
    prefix = Path(sys.prefix)
    if (prefix / _OF_PIPX).exists():  # such an environment has no pip
        return f"pipx runpip {prefix.name} install {packages}"
    return f"{shlex.quote(sys.executable)} -m pip install {packages}"
