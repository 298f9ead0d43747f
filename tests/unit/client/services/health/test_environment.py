"""A process raises its limit of open files as far as possible."""

from __future__ import annotations

import subprocess
import sys

import pytest

_RAISED = (
    "from client.services.health.environment import raise_descriptors; print(raise_descriptors())"
)


@pytest.mark.parametrize(("soft", "hard"), [(64, 256), (256, 256), (200, 1024)])
def test_the_soft_limit_is_raised_to_the_hard_one(soft: int, hard: int) -> None:
    command = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@" && ulimit -Sn'
    ran = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-c", _RAISED],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(ran.stdout) == hard
