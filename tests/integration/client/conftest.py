"""A team for each test, and checks for leftovers and log entries."""

from __future__ import annotations

import threading
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.integration.client.team import Team
from tests.support.ports import free_port
from tests.support.waiting import wait_until

Log = list[MutableMapping[str, Any]]


sealed = pytest.mark.parametrize("team", ["sealed"], indirect=True)
hasty = pytest.mark.parametrize("team", ["hasty"], indirect=True)  # certificates for seconds
both_modes = pytest.mark.parametrize("team", ["open", "sealed"], indirect=True)


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Every thread and every descriptor that a test opens is gone soon after it."""
    free_port()  # this process's lock on its ports stays open
    threads, descriptors = set(threading.enumerate()), _descriptors()
    yield
    wait_until(
        lambda: set(threading.enumerate()) <= threads,
        15.0,
        "threads to end",
    )
    wait_until(lambda: _descriptors() <= descriptors, 10.0, "descriptors to be closed")


@pytest.fixture(autouse=True)
def log(nothing_left: None) -> Iterator[Log]:
    """The log of client and tracker; a traceback in it is a failure."""
    with structlog.testing.capture_logs() as entries:
        yield entries
    assert not [entry for entry in entries if entry.get("exc_info")]


@pytest.fixture
def team(tmp_path: Path, log: Log, request: pytest.FixtureRequest) -> Iterator[Team]:
    """A running tracker; all its users are gone at the end of the test.

    The group is open, or as `both_modes`, `sealed` and `hasty` have it.
    """
    folder = tmp_path / "team"
    folder.mkdir()
    mode = getattr(request, "param", "open")
    team = Team(folder, is_open=mode == "open", certificate_lifetime=4 if mode == "hasty" else 3600)
    yield team
    team.close()
