"""What a test needs of the machine; without it the test is skipped, but fails in CI."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

from tests.support.network.namespace import can_make_networks


def skip(reason: str) -> NoReturn:
    """Skip the test. With CI set in the environment it fails: there, nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def require(*tools: str, network: bool = False, root: bool = False) -> None:
    """Skip the test where a program, the right to make networks, or root's rights are missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if network and not can_make_networks():
        missing.append("root, to make a network namespace")
    if root and os.geteuid() != 0:
        missing.append("root, to mount a small disk")
    if missing:
        skip(f"needs {', '.join(missing)}")
