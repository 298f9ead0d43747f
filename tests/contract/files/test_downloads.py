"""The queue, the order and the selection of downloads, through real clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sharing import share
from tests.support.content import make_tree, sha256
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def carl(
    tmp_path_factory: pytest.TempPathFactory, tracker: TrackerProcess
) -> Iterator[ClientProcess]:
    folder = tmp_path_factory.mktemp("carl")
    with ClientProcess(folder, [tracker], "--active", "1") as process:
        process.sign_in("carl")
        yield process


def test_priority_decides_which_download_is_next(
    ann: ClientProcess, carl: ClientProcess, group: str, tmp_path: Path
) -> None:
    carl.join(group, ann)
    names = ["first", "second", "third"]
    for name in names:
        share(ann, group, tmp_path / name)
        ann.ok("pause", group, name)
        carl.ok("download_file", group, name, str(tmp_path / "carl") + "/")

    def states() -> list[str]:
        return [carl.transfer(group, name)["state"] for name in names]

    wait_until(lambda: states() == ["downloading", "queued", "queued"], what="one to run")
    answer = carl.ok("priority", group, "third", "5")
    assert answer == {"group": group, "name": "third", "priority": 5}
    assert carl.ok("pause", group, "first")["state"] == "paused"
    wait_until(lambda: states() == ["paused", "queued", "downloading"], what="the next to run")
    assert carl.ok("resume", group, "first")["state"] == "queued"
    for name in names:
        ann.ok("resume", group, name)
    assert set(carl.ok("wait 30")["completed"]) == {f"{group}/{name}" for name in names}


def test_priority_errors(ann: ClientProcess, shared: Path, group: str) -> None:
    for number in ("101", "-101", "1.5", "high", "1_0", "9" * 5000):
        assert "100" in ann.fails("usage", "priority", group, shared.name, number)
    ann.fails("no_such_file", "priority", group, "nothing", "1")
    ann.fails("usage", "priority", group, shared.name)


def test_some_files_of_a_folder_in_order(
    ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path
) -> None:
    sizes = {"a.jpg": 40_000, "b/c.jpg": 30_000, "b/film.mkv": 100_000}
    ann.ok("upload_file", str(make_tree(tmp_path / "trip", sizes)), group)
    bob.ok("wait 30")  # leftovers of other tests
    command = ["download_file", group, "trip", f"{tmp_path}/bob/"]
    said = bob.fails("usage", *command, "--only", "*.png")
    assert "'b/film.mkv'" in said
    started = bob.ok(*command, "--sequential", "--only=b")
    assert started.keys() == {"group", "name", "destination", "info_hash"}
    assert f"{group}/trip" in bob.ok("wait 30")["completed"]
    copy = Path(started["destination"])
    assert sorted(path.name for path in (copy / "b").iterdir()) == ["c.jpg", "film.mkv"]
    assert not (copy / "a.jpg").exists()
    row = bob.transfer(group, "trip")
    assert (row["size"], row["done"], row["state"]) == (130_000, 130_000, "seeding")
    bob.ok(*command)
    assert f"{group}/trip" in bob.ok("wait 30")["completed"]
    assert sha256(copy) == sha256(tmp_path / "trip")


def test_only_requires_a_folder(
    bob: ClientProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    command = ["download_file", group, shared.name, str(tmp_path / "bob"), "--only", "*"]
    assert "--only" in bob.fails("usage", *command)
    assert "--only" in bob.fails("usage", *command[:-1])


def test_options_survive_a_kill(
    ann: ClientProcess, carl: ClientProcess, group: str, tmp_path: Path
) -> None:
    carl.join(group, ann)
    sizes = {"a.jpg": 50_000, "film.mkv": 300_000}
    ann.ok("upload_file", str(make_tree(tmp_path / "trip", sizes)), group)
    share(ann, group, tmp_path / "other")
    for name in ("trip", "other"):
        ann.ok("pause", group, name)
    folder = f"{tmp_path}/carl/"
    carl.ok("download_file", group, "other", folder)
    carl.ok("download_file", group, "trip", folder, "--only", "*.mkv", "--sequential")
    carl.ok("priority", group, "trip", "1")
    carl.kill()
    carl.start()
    carl.ok("login carl secret123")
    wait_until(lambda: carl.transfer(group, "trip")["state"] == "downloading", what="its turn")
    wait_until(lambda: carl.transfer(group, "other")["state"] == "queued", what="the other's")
    assert carl.transfer(group, "trip")["size"] == 300_000
    for name in ("trip", "other"):
        ann.ok("resume", group, name)
    assert set(carl.ok("wait 30")["completed"]) == {f"{group}/trip", f"{group}/other"}
    assert [path.name for path in (tmp_path / "carl" / "trip").iterdir()] == ["film.mkv"]
