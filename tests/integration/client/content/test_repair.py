"""Damaged content on the disk is detected, and repaired where allowed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from client.assembly.parts import Parts
from client.storage.files.torrent_files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex
from tests.integration.client.conftest import Log, both_modes
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file, make_tree
from tests.support.waiting import wait_until

MIB = 1 << 20


def damage(path: Path, at: int = 0, size: int = 10) -> None:
    """Change bytes as a failing disk does: size and time stay."""
    before = path.stat()
    with path.open("r+b") as stream:
        stream.seek(at)
        stream.write(bytes(size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def edit(path: Path) -> None:
    damage(path)
    path.touch()


def cut_short(path: Path) -> None:
    os.truncate(path, 2 * MIB)


def lengthen(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def delete(path: Path) -> None:
    path.unlink()


def copied(team: Team, tmp_path: Path) -> tuple[Person, Person, Path, Path]:
    """The sharer, the downloader, the content, and the copy."""
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", 3 * MIB)
    team.share(ann, content)
    return ann, bob, content, bob.fetch("content")


# --- recheck ------------------------------------------------------------------------------------
CHANGES = [damage, edit, cut_short, lengthen, delete]


def test_recheck_downloads_wrong_pieces_again(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    for change in CHANGES:
        team.share(ann, make_file(tmp_path / change.__name__, 3 * MIB))
        change(bob.fetch(change.__name__))
    folder = bob.home / "downloads"
    bob.notices.clear()
    for change in CHANGES:
        assert bob.session.transfers.recheck(GROUP, change.__name__).state in ("queued", "checking")
    assert len(bob.session.transfers.wait(30.0).completed) == len(CHANGES)
    for change in CHANGES:
        right = (tmp_path / change.__name__).read_bytes()
        assert (folder / change.__name__).read_bytes() == right
        assert bob.row(change.__name__).state == "seeding"
        notified = bob.got_notice(f"{change.__name__} has changed on the disk")
        assert notified == (change is not lengthen)
    assert not bob.notices_of("share_failed")
    assert {path.name for path in folder.iterdir()} == {change.__name__ for change in CHANGES}
    bob.restart()
    bob.finish("edit")


def test_recheck_of_a_folder(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_tree(tmp_path / "trip", {"a": MIB, "b/c": MIB, "d": 100_000})
    team.share(ann, content)
    copy = bob.fetch("trip")
    damage(copy / "a", MIB // 2)
    (copy / "b" / "c").unlink()
    (copy / "mine").write_bytes(b"precious")
    bob.session.transfers.recheck(GROUP, "trip")
    wait_until(
        lambda: len(bob.notices_of("download_completed")) == 2, what="it to be complete again"
    )
    for name in ("a", "b/c", "d"):
        assert (copy / name).read_bytes() == (content / name).read_bytes()
    assert (copy / "mine").read_bytes() == b"precious"
    assert {path.name for path in copy.parent.iterdir()} == {"trip"}


@pytest.mark.parametrize("lost", ["2.jpg", "aside"])
def test_recheck_of_a_selection(team: Team, tmp_path: Path, lost: str) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_tree(tmp_path / "trip", {"1.jpg": 50_000, "2.jpg": 50_000, "3.jpg": 50_000})
    team.share(ann, content)
    bob.session.files.download(GROUP, "trip", str(bob.home) + "/", only="2.jpg")
    bob.finish("trip")
    (part_file,) = bob.home.glob(".*.aside")
    (part_file if lost == "aside" else bob.home / "trip" / lost).unlink()
    bob.session.transfers.recheck(GROUP, "trip")
    wait_until(
        lambda: len(bob.notices_of("download_completed")) == 2, what="it to be complete again"
    )
    assert (bob.home / "trip" / "2.jpg").read_bytes() == (content / "2.jpg").read_bytes()
    assert part_file.exists()
    assert {path.name for path in (bob.home / "trip").iterdir()} == {"2.jpg"}


def test_cancelling_a_repair_keeps_the_copy(team: Team, tmp_path: Path) -> None:
    ann, bob, _, copy = copied(team, tmp_path)
    ann.session.transfers.pause(GROUP, "content")
    damage(copy)
    wrong = copy.read_bytes()
    bob.session.transfers.recheck(GROUP, "content")
    wait_until(lambda: bob.row("content").state == "downloading", what="it to be a download")
    assert 0 < bob.row("content").done < 3 * MIB
    bob.restart()
    wait_until(lambda: bob.row("content").state == "downloading", what="it to continue")
    assert 0 < bob.row("content").done < 3 * MIB
    bob.session.transfers.cancel(GROUP, "content")
    assert copy.read_bytes() == wrong
    assert {path.name for path in copy.parent.iterdir()} == {"content"}


def test_recheck_never_writes_to_an_original(team: Team, tmp_path: Path) -> None:
    ann, _, content, _ = copied(team, tmp_path)
    damage(content)
    wrong = content.read_bytes()
    ann.session.transfers.recheck(GROUP, "content")
    wait_until(lambda: ann.notices_of("share_failed"), what="ann's notice")
    assert "1 of 96 pieces are wrong" in ann.notices_of("share_failed")[0].text
    assert content.read_bytes() == wrong


def test_links_to_a_copy_are_not_written_to(team: Team, tmp_path: Path) -> None:
    _, bob, _, copy = copied(team, tmp_path)
    (tmp_path / "second").hardlink_to(copy)
    damage(copy)
    wrong = copy.read_bytes()
    bob.session.transfers.recheck(GROUP, "content")
    wait_until(lambda: bob.row("content").state == "failed", what="the failure")
    assert "hard links" in (bob.row("content").error or "")
    assert copy.read_bytes() == wrong


# --- damage that nobody noticed -----------------------------------------------------------------
@both_modes
@pytest.mark.parametrize("when", ["while it runs", "before it starts"])
def test_a_damaged_upload_sends_no_wrong_byte(
    team: Team, tmp_path: Path, log: Log, when: str
) -> None:
    ann = team.member("ann")
    content = make_file(tmp_path / "content", 3 * MIB)
    team.share(ann, content)
    damage(content, MIB + 5)
    if when == "before it starts":
        ann.restart()
    bob = team.member("bob")
    bob.start("content")
    wait_until(lambda: ann.notices_of("share_failed"), what="ann's notice")
    assert "1 of 96 pieces are wrong" in ann.notices_of("share_failed")[0].text
    assert "upload it again" in ann.notices_of("share_failed")[0].text
    assert "1 of 96" in ann.session.diagnostics.why(GROUP, "content").reason
    assert not [entry for entry in log if entry["event"] == "peer banned"], "a wrong byte was sent"
    assert bob.row("content").state == "downloading"
    ann.session.transfers.resume(GROUP, "content")
    wait_until(lambda: len(ann.notices_of("share_failed")) == 2, what="it to be found wrong again")


def test_a_damaged_copy_is_repaired_automatically(team: Team, tmp_path: Path, log: Log) -> None:
    ann, bob, content, copy = copied(team, tmp_path)
    bob.restart()  # pieces downloaded in this run are proven
    bob.finish("content")
    damage(copy, MIB + 5)
    ann.session.limits.set("up", 100_000)
    cat = team.member("cat")
    there = cat.fetch("content")
    assert there.read_bytes() == content.read_bytes()
    wait_until(lambda: bob.got_notice("1 piece of it was wrong"), what="bob's notice")
    ann.session.limits.set("up", 0)
    wait_until(lambda: bob.row("content").state == "seeding", what="bob to have it again")
    assert copy.read_bytes() == content.read_bytes()
    assert not [entry for entry in log if entry["event"] == "peer banned"], "a wrong byte was sent"


def test_an_edited_copy_is_left_alone(team: Team, tmp_path: Path) -> None:
    _, bob, _, copy = copied(team, tmp_path)
    edit(copy)
    wrong = copy.read_bytes()
    bob.restart()
    wait_until(lambda: bob.row("content").state == "failed", what="the change to be noticed")
    assert "1 of 96 pieces are wrong" in (bob.row("content").error or "")
    bob.session.transfers.resume(GROUP, "content")
    wait_until(lambda: len(bob.notices_of("share_failed")) == 2, what="the second notice")
    assert copy.read_bytes() == wrong


# --- existing content at the destination -------------------------------------------------------
def test_a_damaged_copy_downloaded_again(team: Team, tmp_path: Path) -> None:
    _, bob, content, copy = copied(team, tmp_path)
    edit(copy)
    wrong = copy.read_bytes()
    with pytest.raises(MinitorrentError, match="95 of 96 pieces are right; add --resume") as raised:
        bob.start("content")
    assert raised.value.code is ErrorCode.FILE_EXISTS
    assert copy.read_bytes() == wrong
    bob.session.files.download(GROUP, "content", str(copy), in_place=True)
    assert bob.got_notice("95 of 96 pieces are right; downloading the rest in place")
    bob.finish("content")
    assert copy.read_bytes() == content.read_bytes()
    copy.touch()
    bob.start("content")
    bob.finish("content")


def old_copy(content: bytes) -> bytes:
    return bytes(MIB) + content[MIB:]


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def too_long(content: bytes) -> bytes:
    return content + b"more"


def other(content: bytes) -> bytes:
    return b"other content"


@pytest.mark.parametrize(
    ("there", "right"), [(old_copy, 64), (half, 48), (too_long, 96), (other, 0)]
)
def test_an_existing_file_is_completed_only_with_resume(
    team: Team, tmp_path: Path, there: Callable[[bytes], bytes], right: int
) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", 3 * MIB)
    team.share(ann, content)
    ann.session.transfers.pause(GROUP, "content")
    copy = tmp_path / "copy"
    before = there(content.read_bytes())
    copy.write_bytes(before)
    number = copy.stat().st_ino
    with pytest.raises(MinitorrentError, match=f"{right} of 96 pieces are right; ") as raised:
        bob.session.files.download(GROUP, "content", str(copy))
    assert raised.value.code is ErrorCode.FILE_EXISTS
    assert "--resume" in raised.value.message
    assert copy.read_bytes() == before

    bob.session.files.download(GROUP, "content", str(copy), in_place=True)
    assert bob.got_notice(f"{right} of 96 pieces are right; downloading the rest in place")
    if there is not too_long:
        wait_until(lambda: bob.row("content").state == "downloading", what="the beginning")
        assert bob.row("content").done == right * MIB // 32
        bob.restart()
        bob.session.transfers.cancel(GROUP, "content")
        assert bob.got_notice("is kept as it is now")
        assert copy.read_bytes()[: len(before)] == before
        bob.session.files.download(GROUP, "content", str(copy), in_place=True)
    ann.session.transfers.resume(GROUP, "content")
    bob.finish("content")
    assert copy.read_bytes() == content.read_bytes()
    assert copy.stat().st_ino == number
    assert {path.name for path in tmp_path.iterdir()} == {"content", "copy", "team"}


def test_a_partial_folder_is_completed_with_resume(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_tree(tmp_path / "trip", {"a": MIB, "b/c": MIB, "d": 100_000})
    team.share(ann, content)
    copy = tmp_path / "copies" / "trip"
    (copy / "b").mkdir(parents=True)
    (copy / "a").write_bytes((content / "a").read_bytes())
    (copy / "b" / "c").write_bytes(b"other")
    (copy / "mine").write_bytes(b"precious")
    with pytest.raises(MinitorrentError, match=r"\d+ of \d+ pieces are right; add --resume"):
        bob.session.files.download(GROUP, "trip", str(copy.parent))
    bob.session.files.download(GROUP, "trip", str(copy.parent), in_place=True)
    bob.finish("trip")
    for name in ("a", "b/c", "d"):
        assert (copy / name).read_bytes() == (content / name).read_bytes()
    assert (copy / "mine").read_bytes() == b"precious"
    assert {path.name for path in copy.parent.iterdir()} == {"trip"}


def test_links_and_special_files_are_refused(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", MIB)
    team.share(ann, content)
    (tmp_path / "real").write_bytes(content.read_bytes()[:100_000])
    (tmp_path / "soft").symlink_to("real")
    (tmp_path / "hard").hardlink_to(tmp_path / "real")
    (tmp_path / "folder" / "content").mkdir(parents=True)
    for place in ("soft", "hard", "folder"):
        with pytest.raises(MinitorrentError) as raised:
            bob.session.files.download(GROUP, "content", str(tmp_path / place), in_place=True)
        assert raised.value.code is ErrorCode.FILE_EXISTS, place
    assert (tmp_path / "real").stat().st_size == 100_000
    assert bob.session.transfers.downloads().downloads == []


def test_the_destination_of_another_transfer_is_refused(team: Team, tmp_path: Path) -> None:
    ann, bob, content, copy = copied(team, tmp_path)
    right = copy.read_bytes()
    team.share(ann, make_file(tmp_path / "other", MIB, seed=2))
    with pytest.raises(MinitorrentError, match=" uses ") as raised:
        bob.session.files.download(GROUP, "other", str(copy), in_place=True)
    assert raised.value.code is ErrorCode.FILE_EXISTS
    assert copy.read_bytes() == right == content.read_bytes()


def test_an_original_is_repaired_only_with_resume(team: Team, tmp_path: Path) -> None:
    ann, bob, content, _ = copied(team, tmp_path)
    right = content.read_bytes()
    damage(content)
    ann.session.transfers.recheck(GROUP, "content")
    wait_until(lambda: ann.notices_of("share_failed"), what="ann's notice")
    ann.session.files.download(GROUP, "content", str(content), in_place=True)
    ann.finish("content")
    assert content.read_bytes() == right
    assert bob.row("content").state == "seeding"


def test_a_file_hashed_for_sharing_is_not_hashed_again(team: Team, tmp_path: Path) -> None:
    hashed: list[PieceIndex] = []

    class Counting(TorrentFiles):
        def prove(self, index: PieceIndex, scratch: memoryview | None = None) -> bool:
            """See TorrentFiles."""
            if not self.is_proven(index):
                hashed.append(index)
            return super().prove(index, scratch)

    parts = Parts(files=Counting)
    ann, bob, cat = (team.member(name, parts=parts) for name in ("ann", "bob", "cat"))
    name = team.share(ann, make_file(tmp_path / "content", 3 * MIB))
    bob.fetch(name)
    assert not hashed
    bob.session.transfers.pause(GROUP, name)
    ann.restart()
    cat.fetch(name)
    assert sorted(hashed) == list(range(96)), "once each after a restart"
