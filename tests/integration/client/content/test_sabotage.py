"""Others touch a download on the disk while it runs: it ends right or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from client.assembly.parts import DEFAULT_PARTS, Parts
from client.config import DEFAULT_TIMING, Timing
from client.storage.files.torrent_files import TorrentFiles
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file, make_tree
from tests.support.waiting import wait_until

MIB = 1 << 20
SLOW = MIB // 2


def held_back(
    team: Team, content: Path, timing: Timing = DEFAULT_TIMING, parts: Parts = DEFAULT_PARTS
) -> tuple[Person, str, Path, Path]:
    """A person with a partial download, its name, its path, and its content so far."""
    ann, bob = team.member("ann"), team.member("bob", timing=timing, parts=parts)
    name = team.share(ann, content)
    bob.session.limits.set("down", SLOW)
    copy = bob.start(name)
    wait_until(lambda: bob.row(name).done, what="the first piece")
    (part,) = copy.parent.glob("*.part")
    return bob, name, copy, part


def delete(part: Path) -> None:
    part.unlink()


def rename(part: Path) -> None:
    part.rename(part.parent / "elsewhere")


def replace(part: Path) -> None:
    shutil.copy2(part, part.parent / "copy")
    (part.parent / "copy").replace(part)


def cut_short(part: Path) -> None:
    os.truncate(part, 100)


def cut_and_grow(part: Path) -> None:
    size = part.stat().st_size
    os.truncate(part, 0)
    os.truncate(part, size)


def overwrite(part: Path) -> None:
    with part.open("r+b") as stream:
        stream.write(bytes(part.stat().st_size))


def overwrite_unseen(part: Path) -> None:
    before = part.stat()
    overwrite(part)
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))


SABOTAGES = [delete, rename, replace, cut_short, cut_and_grow, overwrite, overwrite_unseen]


def test_only_wrong_pieces_are_downloaded_again(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob", active=0)
    for sabotage in SABOTAGES:
        team.share(ann, make_file(tmp_path / sabotage.__name__, 3 * MIB))
    bob.session.limits.set("down", SLOW)
    copies = {sabotage: bob.start(sabotage.__name__) for sabotage in SABOTAGES}
    for sabotage, copy in copies.items():
        wait_until(lambda: bob.row(copy.name).done, what="the first piece")  # noqa: B023 # called here only
        (part,) = copy.parent.glob(f"{copy.name}.*.part")
        sabotage(part)
    bob.session.limits.set("down", 0)
    for copy in copies.values():
        bob.finish(copy.name)
        assert copy.read_bytes() == (tmp_path / copy.name).read_bytes()
    assert not list(copy.parent.glob("*.part"))
    wait_until(
        lambda: len(bob.notices_of("download_completed")) == len(SABOTAGES), what="all notices"
    )
    assert not bob.notices_of("download_failed")


@pytest.mark.parametrize("name", ["one", "sub/two"])
def test_a_spoiled_file_of_a_folder(team: Team, tmp_path: Path, name: str) -> None:
    content = make_tree(tmp_path / "trip", {"one": 2 * MIB, "sub/two": 2 * MIB})
    bob, trip, copy, part = held_back(team, content)
    delete(part / name)
    bob.session.limits.set("down", 0)
    bob.finish(trip)
    assert (copy / name).read_bytes() == (content / name).read_bytes()
    assert {path.name for path in copy.parent.iterdir()} == {"trip"}


def test_a_spoiled_folder_of_many_files(team: Team, tmp_path: Path) -> None:
    """More files than may be open at once, so that deleted ones must be reopened."""
    sizes = {f"{number:03}": 20_000 for number in range(100)}
    content = make_tree(tmp_path / "trip", {**sizes, "z": 1, "zz": MIB})
    ann, bob = team.member("ann"), team.member("bob")
    team.share(ann, content)
    bob.session.limits.set("down", MIB)
    place = str(bob.home) + "/"
    bob.session.files.download(GROUP, "trip", place, sequential=True)
    wait_until(lambda: bob.row("trip").done > MIB, what="the first files")
    (part,) = bob.home.glob("trip.*.part")
    (part / "000").unlink()
    bob.session.limits.set("down", 0)
    bob.finish("trip")
    assert {path.name for path in bob.home.glob("trip*")} == {"trip"}
    for name in sizes:
        assert (bob.home / "trip" / name).read_bytes() == (content / name).read_bytes()


def test_a_spoiled_part_file(team: Team, tmp_path: Path) -> None:
    content = make_tree(tmp_path / "trip", {"1": 50_000, "2": 3 * MIB, "3": 50_000})
    ann, bob = team.member("ann"), team.member("bob")
    team.share(ann, content)
    bob.session.limits.set("down", SLOW)
    bob.session.files.download(GROUP, "trip", str(bob.home) + "/", only="2", sequential=True)
    wait_until(lambda: bob.row("trip").done, what="the first piece")
    (part_file,) = bob.home.glob(".*.aside")
    part_file.unlink()
    bob.session.limits.set("down", 0)
    bob.finish("trip")
    assert (bob.home / "trip" / "2").read_bytes() == (content / "2").read_bytes()
    assert part_file.exists()
    bob.session.transfers.recheck(GROUP, "trip")
    bob.session.transfers.wait(20.0)
    assert bob.row("trip").progress == 1.0
    assert not bob.notices_of("share_failed")


def test_a_change_is_noticed_without_further_pieces(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 3 * MIB)
    bob, name, _, part = held_back(team, content, Timing(checkpoint_every=0.2))
    team.people[0].session.transfers.pause(GROUP, name)
    wait_until(lambda: not bob.session.transfers.peers(GROUP, name).peers, what="ann to be gone")
    part.unlink()
    wait_until(part.exists, what="the file to be begun again")
    wait_until(lambda: bob.got_notice("will be downloaded again"), what="bob's notice")
    assert bob.row(name).done == 0


def test_a_folder_at_the_final_name_is_reported(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 3 * MIB)
    bob, name, copy, part = held_back(team, content)
    part.unlink()
    part.mkdir()
    bob.session.limits.set("down", 0)
    wait_until(lambda: bob.row(name).state == "failed", what="the failure")
    assert "A folder is in the way" in (bob.row(name).error or "")
    assert not copy.exists()
    part.rmdir()
    bob.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()


def test_a_download_whose_folder_moved(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 3 * MIB)
    bob, name, copy, _ = held_back(team, content)
    moved = copy.parent.rename(copy.parent.with_name("moved"))
    bob.session.limits.set("down", 0)
    wait_until(lambda: bob.row(name).state == "failed", what="the failure")
    assert "put it back" in (bob.row(name).error or "").lower()
    assert not copy.parent.exists()
    moved.rename(copy.parent)
    bob.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()


def test_a_download_that_keeps_changing_fails(team: Team, tmp_path: Path) -> None:
    others_write = True

    class Overwritten(TorrentFiles):
        def finish(self, prove: Callable[[], None] = lambda: None) -> None:
            """See TorrentFiles."""

            def overwritten() -> None:
                if others_write:
                    overwrite(self.partial)
                prove()

            super().finish(overwritten)

    content = make_file(tmp_path / "content", MIB)
    bob, name, copy, _ = held_back(team, content, parts=Parts(files=Overwritten))
    bob.session.limits.set("down", 0)
    wait_until(lambda: bob.row(name).state == "failed", what="the failure")
    assert "by another program" in (bob.row(name).error or "")
    assert not copy.exists()
    others_write = False
    bob.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()


def test_a_verified_record_without_a_file(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 3 * MIB)
    bob, name, copy, part = held_back(team, content)
    bob.session.transfers.pause(GROUP, name)
    part.unlink()
    bob.session.limits.set("down", 0)
    bob.restart()
    bob.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()


def test_believed_pieces_are_hashed_before_completion(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 3 * MIB)
    bob, name, copy, part = held_back(team, content)
    bob.session.transfers.pause(GROUP, name)
    overwrite_unseen(part)
    bob.session.limits.set("down", 0)
    bob.restart()
    bob.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()
    assert bob.got_notice("will be downloaded again")
