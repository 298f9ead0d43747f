"""Only some files of a folder, in the order in which they are read, from real peers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from client.core.swarm.swarm_config import SwarmConfig
from common.errors import ErrorCode, MinitorrentError
from tests.integration.client.conftest import both_modes
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_tree
from tests.support.waiting import wait_until

SIZES = {"1.jpg": 50_000, "2.jpg": 70_001, "film/1.mkv": 900_000, "film/2.mkv": 5, "none.jpg": 0}


def trip(team: Team, tmp_path: Path) -> tuple[Person, Path]:
    """Share a folder as ann; return its path."""
    ann = team.member("ann")
    content = make_tree(tmp_path / "trip", SIZES)
    team.share(ann, content)
    return ann, content


def fetch(person: Person, only: str | None) -> Path:
    """Download matching files and wait for them; return the folder's path."""
    destination = str(person.home) + "/"
    started = person.session.files.download(GROUP, "trip", destination, only=only)
    person.finish("trip")
    return Path(started.destination)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def of(content: Path, *names: str) -> dict[str, bytes]:
    return {name: (content / name).read_bytes() for name in names}


@both_modes
def test_only_selected_files_are_downloaded_and_shared(team: Team, tmp_path: Path) -> None:
    ann, content = trip(team, tmp_path)
    bob, eve = team.member("bob"), team.member("eve")
    folder = fetch(bob, "*.jpg")
    assert files_in(folder) == of(content, "1.jpg", "2.jpg", "none.jpg")
    row = bob.row("trip")
    assert (row.size, row.done, row.progress) == (120_001, 120_001, 1.0)
    (share,) = bob.session.transfers.shares().shares
    assert share.size == 120_001
    listed = bob.session.files.list(GROUP).files[0]
    assert (listed.seeders, listed.leechers) == (1, 1)  # a part is not the whole
    transfer = bob.session._transfers.get(GROUP, "trip")
    assert transfer.left == sum(SIZES.values()) - 131_072  # whole pieces of 16 KiB

    ann.session.transfers.pause(GROUP, "trip")
    bob.restart()
    bob.finish("trip")
    assert files_in(fetch(eve, "*.jpg")) == files_in(folder)  # from bob alone
    bob.session.transfers.recheck(GROUP, "trip")
    bob.finish("trip")
    assert bob.row("trip").error is None


def test_downloading_again_widens_the_selection(team: Team, tmp_path: Path) -> None:
    _, content = trip(team, tmp_path)
    bob = team.member("bob")
    folder = fetch(bob, "film/2*")
    assert files_in(folder) == of(content, "film/2.mkv")
    assert files_in(fetch(bob, "film/?.mkv")) == of(content, "film/1.mkv", "film/2.mkv")
    assert bob.row("trip").size == 900_005
    fetch(bob, "film")  # nothing new
    fetch(bob, "1.jpg")
    assert files_in(folder) == of(content, "1.jpg", "film/1.mkv", "film/2.mkv")
    bob.restart()
    bob.finish("trip")
    fetch(bob, None)
    assert files_in(folder) == of(content, *SIZES)
    assert [path.name for path in folder.parent.glob("*trip*")] == ["trip"]
    wait_until(lambda: bob.session.files.list(GROUP).files[0].seeders == 2, what="two seeders")


def test_the_selection_widens_during_a_download_and_after_a_kill(
    team: Team, tmp_path: Path
) -> None:
    ann, content = trip(team, tmp_path)
    bob = team.member("bob")
    ann.session.transfers.pause(GROUP, "trip")
    destination = str(bob.home) + "/"
    bob.session.files.download(GROUP, "trip", destination, only="1.jpg")
    bob.restart()
    assert bob.row("trip").size == 50_000
    bob.session.files.download(GROUP, "trip", destination, only="2.jpg", sequential=True)
    assert bob.row("trip").size == 120_001
    bob.restart()
    transfer = bob.session._transfers.get(GROUP, "trip")
    assert transfer.storage.options.sequential
    ann.session.transfers.resume(GROUP, "trip")
    bob.finish("trip")
    assert files_in(bob.home / "trip") == of(content, "1.jpg", "2.jpg")
    bob.session.files.stop_share(GROUP, "trip")
    assert [path.name for path in bob.home.glob("*trip*")] == ["trip"]


def test_cancelling_a_widened_download_keeps_complete_files(team: Team, tmp_path: Path) -> None:
    ann, content = trip(team, tmp_path)
    bob = team.member("bob")
    folder = fetch(bob, "1.jpg")
    ann.session.transfers.pause(GROUP, "trip")
    bob.session.files.download(GROUP, "trip", str(bob.home) + "/")
    wait_until(lambda: bob.row("trip").state == "downloading", what="the check to end")
    assert 0 < bob.row("trip").progress < 1
    bob.session.transfers.cancel(GROUP, "trip")
    assert files_in(folder) == of(content, "1.jpg")
    assert [path.name for path in folder.parent.glob("*trip*")] == ["trip"]


def test_a_changed_complete_file_stops_widening(team: Team, tmp_path: Path) -> None:
    trip(team, tmp_path)
    bob = team.member("bob")
    folder = fetch(bob, "1.jpg")
    (folder / "1.jpg").write_bytes(bytes(50_000))
    with pytest.raises(MinitorrentError, match="--resume would overwrite it") as raised:
        bob.session.files.download(GROUP, "trip", str(bob.home) + "/", only="2.jpg")
    assert raised.value.code is ErrorCode.FILE_EXISTS
    wait_until(lambda: bob.row("trip").state == "failed", what="the change to be noticed")
    transfer = bob.session._transfers.get(GROUP, "trip")
    assert transfer.error is not None
    assert transfer.error.code is ErrorCode.FILE_CHANGED


def test_a_touched_complete_file_allows_widening(team: Team, tmp_path: Path) -> None:
    trip(team, tmp_path)
    bob = team.member("bob")
    folder = fetch(bob, "1.jpg")
    os.utime(folder / "1.jpg", (1, 1))
    fetch(bob, "2.jpg")
    assert sorted(path.name for path in folder.iterdir()) == ["1.jpg", "2.jpg"]


def test_a_pattern_without_matches_lists_the_files(team: Team, tmp_path: Path) -> None:
    trip(team, tmp_path)
    bob = team.member("bob")
    with pytest.raises(MinitorrentError, match=r"matches '\*\.png'; it has '1\.jpg', ") as raised:
        fetch(bob, "*.png")
    assert raised.value.code is ErrorCode.USAGE
    assert bob.session.transfers.downloads().downloads == []


def test_sequential_download_starts_at_the_beginning(team: Team, tmp_path: Path) -> None:
    _, content = trip(team, tmp_path)
    bob = team.member("bob", SwarmConfig(initial_window=1, min_window=1, max_window=1))
    destination = str(bob.home) + "/"
    bob.session.files.download(GROUP, "trip", destination, sequential=True, only="film/1.mkv")
    transfer = bob.session._transfers.get(GROUP, "trip")
    seen = list[list[int]]()

    def complete() -> bool:
        if transfer.torrent is not None:
            seen.append(list(transfer.torrent.have()))
        return bob.row("trip").state == "seeding"

    wait_until(complete, what="the film", interval=0.001)
    first = seen[-1][0]
    for have in seen:
        gaps = set(range(first, first + len(have))) - set(have)
        assert len(gaps) <= 1, have  # two pieces are verified side by side
    assert files_in(bob.home / "trip") == of(content, "film/1.mkv")
