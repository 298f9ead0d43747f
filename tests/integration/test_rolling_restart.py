"""Two trackers are restarted one after the other while members work: nobody notices."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.support.content import make_file, sha256
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.waiting import wait_until

SIZE = 30_000_000
ROUNDS = 3


def restart(tracker: TrackerProcess) -> None:
    """Have a tracker hand its clients over, and start it again."""
    os.kill(tracker.pid, signal.SIGUSR1)
    assert tracker.wait(60) == 0
    tracker.start()


def has_more(client: ClientProcess, before: int) -> bool:
    """Whether a download has more than it had."""
    return bool(client.transfer("lab", "film.bin")["done"] > before)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_rolling_restart_is_not_noticed(tmp_path: Path) -> None:
    content = make_file(tmp_path / "film.bin", SIZE)
    with (
        TrackerProcess(tmp_path / "tracker") as first,
        TrackerProcess(tmp_path / "tracker", number=2, database=first.database) as second,
        ClientProcess(tmp_path / "ann", [first, second]) as ann,
        ClientProcess(tmp_path / "bob", [first, second]) as bob,
    ):
        ann.sign_in("ann")
        ann.ok("create_group lab")
        bob.sign_in("bob")
        bob.join("lab", ann)
        ann.ok("upload_file", str(content), "lab")
        bob.ok("limit down 300K")
        copy = tmp_path / "copy.bin"
        bob.ok("download_file", "lab", "film.bin", str(copy))
        wait_until(lambda: bob.transfer("lab", "film.bin")["done"] > 0, 60, "the first piece")
        for number in range(ROUNDS):
            for tracker in (first, second):
                before = bob.transfer("lab", "film.bin")["done"]
                restart(tracker)
                for client in (ann, bob):  # each command succeeds, wherever it is answered
                    assert client.ok("list_groups")["groups"]
                ann.ok(f"create_group lab{number}-{tracker.number}")
                wait_until(partial(has_more, bob, before), 60, "the transfer to go on")
        bob.ok("limit down 0")
        bob.wait_complete("lab", "film.bin")
        assert sha256(copy) == sha256(content)
        for client in (ann, bob):
            assert not [line for line in client.errors.all if "Lost" in line]
        for tracker in (first, second):
            assert not [line for line in tracker.errors.all if "failed" in line]
