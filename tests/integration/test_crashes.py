"""Kills at any moment lose nothing: clients in the middle of a download, and trackers."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from tests.support.content import make_file, sha256
from tests.support.lab import GROUP, Lab
from tests.support.processes import ClientProcess
from tests.support.waiting import wait_until

SIZE = 300_000_000
NAME = "film.bin"
KILLS = 30
IN_FLIGHT = 40_000_000
"""Bytes that may be on their way, or verified and not yet recorded, when a client is killed."""


@pytest.mark.slow
@pytest.mark.timeout(300)  # thirty starts of a client, beside other tests
def test_a_client_killed_thirty_times_ends_with_the_same_file(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, SIZE)
    copy = tmp_path / "copy.bin"
    moments = random.Random(7)
    with Lab(tmp_path / "lab") as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        ann.ok("upload_file", str(content), GROUP)
        bob.ok("download_file", GROUP, NAME, str(copy))
        for kill in range(KILLS):
            goal = round(SIZE * (kill + moments.random()) / KILLS)
            wait_until(partial(has, bob, goal), 60, f"byte {goal}", interval=0)
            before = done(bob)
            bob.kill()
            assert not copy.exists() or sha256(copy) == sha256(content)
            bob.start()
            bob.ok("login bob secret123")
            wait_until(lambda: is_checked(bob), 30, "the check after the kill")
            assert done(bob) >= before - IN_FLIGHT
        bob.wait_complete(GROUP, NAME)
        assert sha256(copy) == sha256(content)
        (row,) = ann.ok("show_shares")["shares"]
        assert row["uploaded"] <= SIZE + KILLS * IN_FLIGHT


def done(person: ClientProcess) -> int:
    """Verified bytes of the film, as the client tells."""
    return int(person.transfer(GROUP, NAME)["done"])


def has(person: ClientProcess, count: int) -> bool:
    """Whether the client has verified this many bytes of the film."""
    return done(person) >= count


def is_checked(person: ClientProcess) -> bool:
    """Whether the client knows what it has on disk."""
    return person.transfer(GROUP, NAME)["state"] not in ("queued", "checking")


def test_transfers_go_on_without_a_tracker_which_comes_back(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, SIZE)
    with Lab(tmp_path / "lab") as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        eve = lab.outsider("eve")
        eve.ok("join_group", GROUP)
        ann.ok("upload_file", str(content), GROUP)
        bob.ok("download_file", GROUP, NAME, str(tmp_path / "copy.bin"))
        wait_until(lambda: done(bob) > 0, 30, "the download to begin", interval=0)
        lab.tracker.kill()
        bob.wait_complete(GROUP, NAME)
        assert sha256(tmp_path / "copy.bin") == sha256(content)
        bob.fails("tracker_unreachable", "list_groups", timeout=60)

        lab.tracker.start()
        wait_until(lambda: bob.run("list_groups")["ok"], 60, "bob to come back by himself")
        (group,) = bob.ok("list_groups")["groups"]
        assert (group["group"], group["owner"], group["members"]) == (GROUP, "ann", 2)
        wait_until(lambda: ann.run("list_requests", GROUP)["ok"], 60, "ann to come back")
        (request,) = ann.ok("list_requests", GROUP)["requests"]
        assert request["user"] == "eve"
        wait_until(lambda: lab.seeders(NAME) == 2, 60, "both to be known as seeders again")


def test_clients_move_to_the_second_tracker(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, 1_000_000)
    with Lab(tmp_path / "lab") as lab:
        second = lab.second_tracker()
        ann, bob = lab.member("ann"), lab.member("bob")
        ann.ok("upload_file", str(content), GROUP)
        lab.tracker.kill()
        wait_until(lambda: current(bob) == str(second.address), 60, "bob to move")
        wait_until(lambda: current(ann) == str(second.address), 60, "ann to move")
        wait_until(lambda: lab.seeders(NAME) == 1, 60, "ann's share to be known there")
        assert sha256(bob.download(GROUP, NAME, tmp_path / "copy")) == sha256(content)


def test_members_of_two_trackers_on_one_database_find_each_other(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, 1_000_000)
    with Lab(tmp_path / "lab") as lab:
        second = lab.second_tracker()
        lab.trackers = [lab.tracker]
        ann = lab.member("ann")
        lab.trackers = [second]
        bob = lab.member("bob")
        ann.ok("upload_file", str(content), GROUP)
        assert sha256(bob.download(GROUP, NAME, tmp_path / "copy")) == sha256(content)


def current(person: ClientProcess) -> str | None:
    """The address of the tracker that a client is connected to."""
    rows = person.ok("trackers")["trackers"]
    return next(
        (row["address"] for row in rows if row["current"] and row["state"] == "connected"), None
    )
