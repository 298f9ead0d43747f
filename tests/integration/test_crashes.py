"""Kills at any moment lose nothing: clients in the middle of a download, and trackers."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.content import make_file, sha256
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

SIZE = 150_000_000
NAME = "film.bin"
IN_FLIGHT = 40_000_000
"""Bytes that may be on their way, or verified and not yet recorded, when a client is killed."""


@pytest.mark.timeout(300)  # thirty starts of a client, beside other tests
@pytest.mark.parametrize("kills", [4, pytest.param(30, marks=pytest.mark.soak)])
def test_a_client_killed_repeatedly_completes_the_same_file(tmp_path: Path, kills: int) -> None:
    content = make_file(tmp_path / NAME, SIZE)
    copy = tmp_path / "copy.bin"
    moments = random.Random(7)
    with Lab(tmp_path / "lab") as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        ann.ok("upload_file", str(content), GROUP)
        bob.ok("download_file", GROUP, NAME, str(copy))
        for kill in range(kills):
            selection = round(SIZE * (kill + moments.random()) / kills)
            wait_until(partial(has, bob, selection), 60, f"byte {selection}", interval=0)
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
        assert row["uploaded"] <= SIZE + kills * IN_FLIGHT


def test_a_client_killed_during_a_repair_continues(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, 6_000_000)
    with Lab(tmp_path / "lab") as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        ann.ok("upload_file", str(content), GROUP)
        copy = bob.download(GROUP, NAME, tmp_path / "copy.bin")
        number = copy.stat().st_ino
        with copy.open("r+b") as stream:
            stream.write(bytes(4_000_000))
        bob.ok("limit down 1M")
        bob.ok("recheck", GROUP, NAME)
        wait_until(lambda: 2_100_000 < done(bob) < 6_000_000, 30, "the repair", interval=0)
        before = done(bob)
        bob.kill()
        assert copy.stat().st_ino == number
        assert copy.stat().st_size == 6_000_000
        bob.start()
        bob.ok("login bob secret123")
        wait_until(lambda: is_checked(bob), 30, "the check after the kill")
        assert before - 200_000 <= done(bob) < 6_000_000
        bob.ok("limit down 0")
        assert bob.ok("wait 30")["completed"] == [f"{GROUP}/{NAME}"]
        assert sha256(copy) == sha256(content)
        assert copy.stat().st_ino == number
        bob.ok("recheck", GROUP, NAME)
        assert bob.ok("wait 30") == {"completed": [], "failed": []}
        assert bob.transfer(GROUP, NAME)["state"] == "seeding"


def test_a_sabotaged_download_completes_only_when_correct(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, 6_000_000)
    with Lab(tmp_path / "lab") as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        ann.ok("upload_file", str(content), GROUP)
        for name, spoil in SPOILS.items():
            copy = tmp_path / name / NAME
            bob.ok("limit down 1M")
            bob.ok("download_file", GROUP, NAME, str(copy))
            wait_until(lambda: done(bob) > 500_000, 30, "some of it", interval=0)
            (part,) = copy.parent.glob("*.part")
            spoil(part)
            bob.ok("limit down 0")
            assert bob.ok("wait 60")["completed"] == [f"{GROUP}/{NAME}"], name
            assert sha256(copy) == sha256(content), name
            bob.ok("stop_share", GROUP, NAME)
            assert [path.name for path in copy.parent.iterdir()] == [NAME], name


def truncate(part: Path) -> None:
    os.truncate(part, 0)


def overwrite(part: Path) -> None:
    """By a program that sets the time back."""
    before = part.stat()
    with part.open("r+b") as stream:
        stream.write(bytes(before.st_size))
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))


SPOILS: dict[str, Callable[[Path], None]] = {
    "deleted": Path.unlink,
    "truncated": truncate,
    "overwritten": overwrite,
}


def done(person: ClientProcess) -> int:
    """Return the client's number of verified bytes of the film."""
    return int(person.transfer(GROUP, NAME)["done"])


def has(person: ClientProcess, count: int) -> bool:
    """Whether the client has verified this many bytes of the film."""
    return done(person) >= count


def is_checked(person: ClientProcess) -> bool:
    """Return whether the client has checked its content on disk."""
    return person.transfer(GROUP, NAME)["state"] not in ("queued", "checking")


def test_transfers_continue_while_the_tracker_restarts(tmp_path: Path) -> None:
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
