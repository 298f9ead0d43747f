"""What is shown of checks that hang or fail: that they did, and all the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.build import open_session
from client.config import ClientConfig
from client.net.tracker import tracker_connection
from client.net.tracker.port_check import OwnPort
from client.results import CheckRow
from client.services import doctor, environment
from client.services.session import Session
from common.types import Endpoint
from tests.support.ports import free_port
from tests.unit.client.net.fake_tracker import FakeTracker


@pytest.fixture
def silent() -> Iterator[FakeTracker]:
    """A tracker that accepts connections and says nothing."""
    with FakeTracker(b"") as tracker:
        yield tracker


@pytest.fixture
def session(tmp_path: Path, silent: FakeTracker) -> Iterator[Session]:
    listen = Endpoint("127.0.0.1", free_port())
    opened = open_session(ClientConfig(listen, (silent.address,), tmp_path))
    yield opened
    opened.close()


def rows(session: Session) -> dict[str, CheckRow]:
    return {row.name: row for row in session.doctor.examine().checks}


def test_a_check_that_hangs_hides_no_other(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "TIME_LIMIT", 0.5)
    over = threading.Event()
    monkeypatch.setattr(OwnPort, "dialled_from_here", lambda *_: over.wait(20))
    try:
        found = rows(session)
    finally:
        over.set()
    assert "0.5 seconds" in found["port"].hint
    assert not found["port"].ok
    assert found[f"disk {tmp_path}"].hint


def test_a_check_that_fails_hides_no_other(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tracker_connection, "CONNECT_LIMIT", 0.1)
    monkeypatch.setattr(OwnPort, "dialled_from_here", lambda *_: 1 // 0)
    found = rows(session)
    assert "report it" in found["port"].hint
    assert found[f"disk {tmp_path}"].hint


def test_a_tracker_that_is_silent(
    session: Session, silent: FakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker_connection, "CONNECT_LIMIT", 0.1)
    check = rows(session)[f"tracker {silent.address}"]
    assert not check.ok
    assert "does not answer" in check.hint


def test_the_libraries_are_those_of_the_programs_own_list() -> None:
    found = {library.name: library for library in environment.libraries()}
    assert found["cryptography"].found is not None
    assert "nicegui" not in found  # that is an extra's
