"""Checks for leftovers and log entries of network tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from tests.support.waiting import wait_until

Log = list[MutableMapping[str, Any]]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Every thread that a test starts has ended soon after it."""
    threads = set(threading.enumerate())
    yield
    wait_until(lambda: set(threading.enumerate()) <= threads, 10.0, "threads to end")


@pytest.fixture(autouse=True)
def log(nothing_left: None) -> Iterator[Log]:
    """The log; a traceback in it is a failure."""
    with structlog.testing.capture_logs() as entries:
        yield entries
    assert not [entry for entry in entries if entry.get("exc_info")]
