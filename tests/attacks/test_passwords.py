"""Very many passwords to hash delay nobody else's login."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.integration.tracker.sessions import RefusedError, SessionClient
from tests.support.programs import warm
from tests.support.programs.processes import TrackerProcess
from tests.support.together import running
from tests.support.waiting import wait_until

ATTACKERS = 24
LOGINS = 8


@pytest.fixture(autouse=True)
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(warm.CHEAP_PASSWORDS)


@contextmanager
def a_storm_of_accounts(tracker: TrackerProcess) -> Iterator[None]:
    """Create accounts from one address as fast as possible, over many connections."""
    stopped = threading.Event()
    made: list[str] = []

    def attack(number: int) -> None:
        with suppress(OSError), SessionClient(tracker.address, "127.0.0.9") as client:
            for count in range(1000):
                if stopped.is_set():
                    return
                with suppress(RefusedError):
                    made.append(f"x{number}-{count}")
                    client.call("create_user", user=made[-1], password="secret123")

    with running([partial(attack, number) for number in range(ATTACKERS)]):
        try:
            wait_until(lambda: len(made) > 2 * ATTACKERS, 30, "the storm to rage")
            yield
        finally:
            stopped.set()


def seconds_to_log_in(tracker: TrackerProcess, user: str, source: str) -> float:
    """Return the median seconds of a login, which ignores an outlier of a busy machine."""
    seconds = []
    for _ in range(LOGINS):
        with SessionClient(tracker.address, source) as client:
            began = time.monotonic()
            client.login(user)
            seconds.append(time.monotonic() - began)
    return statistics.median(seconds)


def test_a_storm_of_accounts_delays_no_login(tmp_path: Path) -> None:
    with TrackerProcess(tmp_path) as tracker:
        with SessionClient(tracker.address) as ann:
            ann.sign_up("ann")
        undisturbed = seconds_to_log_in(tracker, "ann", "127.0.0.1")
        with a_storm_of_accounts(tracker):
            known = seconds_to_log_in(tracker, "ann", "127.0.0.1")
            outsider = seconds_to_log_in(tracker, "ann", "127.0.0.2")
        # Its own hash, one that has begun, one turn of the other's; and a busy machine.
        assert known < 2 * undisturbed + 1.0
        assert outsider < 2 * undisturbed + 1.0


def test_many_connections_hash_with_bounded_memory(tmp_path: Path) -> None:
    def peak() -> int:
        status = Path(f"/proc/{tracker.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])  # KiB

    with TrackerProcess(tmp_path) as tracker, SessionClient(tracker.address) as ann:
        ann.sign_up("ann")
        before = peak()
        with ExitStack() as opened:
            for _ in range(12):
                opened.enter_context(SessionClient(tracker.address)).login("ann")
        assert peak() - before < 60 * 1024  # each hash takes 19 MiB
