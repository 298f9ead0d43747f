"""What packaging/container describes: two trackers on one PostgreSQL, clients that know both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.content import make_file, sha256
from tests.support.databases.database import on
from tests.support.programs.lab import GROUP
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.waiting import wait_until

SIZE = 6_000_000
SLOWLY = "20K"
"""A rate at which the file takes five minutes: longer than the deaths of two trackers."""


@pytest.fixture
def trackers(tmp_path: Path) -> Iterator[list[TrackerProcess]]:
    with (
        on("postgresql"),
        TrackerProcess(tmp_path / "trackers") as one,
        TrackerProcess(tmp_path / "trackers", number=2, database=one.database) as two,
    ):
        assert one.database.startswith("postgresql")
        yield [one, two]


def test_nobody_types_anything_when_a_tracker_dies(
    trackers: list[TrackerProcess], tmp_path: Path
) -> None:
    """A member at each tracker: the transfer and both logins go on, whichever is killed."""
    one, two = trackers
    content = make_file(tmp_path / "film", SIZE)
    with (
        ClientProcess(tmp_path / "ann", [one, two]) as ann,
        ClientProcess(tmp_path / "bob", [two, one]) as bob,
    ):
        ann.sign_in("ann")
        ann.ok("create_group", GROUP)
        ann.ok("upload_file", str(content), GROUP)
        bob.sign_in("bob")
        bob.join(GROUP, ann)
        bob.ok(f"limit down {SLOWLY}")
        copy = tmp_path / "copy"
        bob.ok("download_file", GROUP, "film", str(copy))
        wait_until(lambda: received(bob) > 0, 60, "the transfer to run")

        two.kill()
        wait_until(lambda: bob.run("list_groups")["ok"], 60, "bob to reach the other tracker")
        assert bob.ok("whoami")["user"] == "bob"
        two.start()

        one.kill()
        wait_until(lambda: ann.run("list_groups")["ok"], 60, "ann to reach the other tracker")
        wait_until(lambda: bob.run("list_groups")["ok"], 60, "bob to reach the first tracker again")
        assert ann.ok("whoami")["user"] == "ann"

        before = received(bob)
        assert before < SIZE
        wait_until(lambda: received(bob) > before, 60, "the transfer to go on")
        bob.ok("limit down 0")
        bob.wait_complete(GROUP, "film")
        assert sha256(copy) == sha256(content)
        wait_until(
            lambda: ann.ok("list_files", GROUP)["files"][0]["seeders"] == 2, 60, "both to be listed"
        )
        for tracker in trackers:
            assert "Traceback" not in tracker.story()


def received(client: ClientProcess) -> int:
    row = client.transfer(GROUP, "film")
    assert row["state"] != "failed", row
    return int(row["done"])
