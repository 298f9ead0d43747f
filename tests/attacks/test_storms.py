"""Many logins and requests: the tracker keeps its lease, pushes notices and answers others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.integration.tracker.sessions import RefusedError, SessionClient
from tests.support.programs.processes import TrackerProcess
from tests.support.together import running
from tests.support.waiting import wait_until

PARTIES = 16


@contextmanager
def storm(attack: Callable[[int, threading.Event], None]) -> Iterator[None]:
    """Run an attack in many threads during the block; each gets its number."""
    stopped = threading.Event()

    def run(number: int) -> None:
        with suppress(OSError, RefusedError):
            attack(number, stopped)

    with running([partial(run, number) for number in range(PARTIES)]):
        try:
            yield
        finally:
            stopped.set()


def slowest(action: Callable[[], object], count: int = 10) -> float:
    """Return the seconds of the slowest action."""
    most = 0.0
    for _ in range(count):
        began = time.monotonic()
        action()
        most = max(most, time.monotonic() - began)
    return most


def heartbeat(tracker: TrackerProcess) -> float:
    """Return when a tracker last renewed its lease, by its own clock."""
    with create_engine(tracker.database, poolclass=NullPool).connect() as database:
        return float(database.scalar(text("SELECT heartbeat_at FROM trackers")))


# The lease is 8 seconds, and renewed every 2.
@pytest.mark.parametrize("seconds", [3.0, pytest.param(9.0, marks=pytest.mark.soak)])
def test_a_login_storm_starves_neither_lease_nor_notices(tmp_path: Path, seconds: float) -> None:
    with TrackerProcess(tmp_path) as tracker, SessionClient(tracker.address) as ann:
        ann.sign_up("ann").call("create_group", group="lab")
        with SessionClient(tracker.address) as bob:
            bob.sign_up("bob")

            def log_in(number: int, stopped: threading.Event) -> None:
                while not stopped.is_set():
                    with SessionClient(tracker.address, f"127.0.1.{number + 1}") as client:
                        client.login("bob")

            with storm(log_in):
                began, leased = time.monotonic(), heartbeat(tracker)
                while time.monotonic() - began < seconds:
                    bob.call("join_group", group="lab")
                    assert ann.notice(kind="join_requested")["subject"] == "bob"
                    ann.call("reject_request", group="lab", user="bob")
                    (member,) = ann.call("list_members", group="lab")["members"]
                    assert member["online"]
                wait_until(lambda: heartbeat(tracker) > leased, 4, "a heartbeat")
        assert ann.call("ping") == {}
        assert not any("stalled" in line for line in tracker.errors.all)


def test_endless_requests_delay_only_their_sender(tmp_path: Path) -> None:
    with TrackerProcess(tmp_path) as tracker, SessionClient(tracker.address) as ann:
        ann.sign_up("ann").call("create_group", group="lab")

        def ask() -> object:
            return ann.call("list_members", group="lab")

        undisturbed = slowest(ask)
        with SessionClient(tracker.address) as eve:
            eve.sign_up("eve")

        def ask_much(number: int, stopped: threading.Event) -> None:
            with SessionClient(tracker.address, f"127.0.1.{number + 1}") as client:
                client.login("eve")
                while not stopped.is_set():
                    client.call("list_groups")

        with storm(ask_much):
            time.sleep(3)  # until her burst is used up
            assert slowest(ask) < 2 * undisturbed + 1.0
