"""What lies on the disk and is not right any more is found out, and made right where it may be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.client.conftest import Log
from tests.integration.client.people import GROUP, Person, Team
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
    """Who shares, who has it from there, the content, and the copy."""
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", 3 * MIB)
    team.share(ann, content)
    return ann, bob, content, bob.fetch("content")


# --- recheck ------------------------------------------------------------------------------------
@pytest.mark.parametrize("change", [damage, edit, cut_short, lengthen, delete])
def test_a_recheck_fetches_what_is_wrong_again(
    team: Team, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    _, bob, content, copy = copied(team, tmp_path)
    change(copy)
    assert bob.session.recheck(GROUP, "content").state in ("queued", "checking")
    wait_until(lambda: len(bob.heard("download_completed")) == 2, what="it to be complete again")
    assert copy.read_bytes() == content.read_bytes()
    assert bob.row("content").state == "seeding"
    assert not bob.heard("share_failed")
    if change is not lengthen:
        assert bob.was_told("will be fetched again")
    assert {path.name for path in copy.parent.iterdir()} == {"content"}
    bob.restart()
    bob.finish("content")


def test_a_recheck_of_a_folder(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_tree(tmp_path / "trip", {"a": MIB, "b/c": MIB, "d": 100_000})
    team.share(ann, content)
    copy = bob.fetch("trip")
    damage(copy / "a", MIB // 2)
    (copy / "b" / "c").unlink()
    (copy / "mine").write_bytes(b"precious")
    bob.session.recheck(GROUP, "trip")
    wait_until(lambda: len(bob.heard("download_completed")) == 2, what="it to be complete again")
    for name in ("a", "b/c", "d"):
        assert (copy / name).read_bytes() == (content / name).read_bytes()
    assert (copy / "mine").read_bytes() == b"precious"
    assert {path.name for path in copy.parent.iterdir()} == {"trip"}


@pytest.mark.parametrize("lost", ["2.jpg", "aside"])
def test_a_recheck_of_a_part(team: Team, tmp_path: Path, lost: str) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_tree(tmp_path / "trip", {"1.jpg": 50_000, "2.jpg": 50_000, "3.jpg": 50_000})
    team.share(ann, content)
    bob.session.download_file(GROUP, "trip", str(bob.home) + "/", only="2.jpg")
    bob.finish("trip")
    (aside,) = bob.home.glob(".*.aside")
    (aside if lost == "aside" else bob.home / "trip" / lost).unlink()
    bob.session.recheck(GROUP, "trip")
    wait_until(lambda: len(bob.heard("download_completed")) == 2, what="it to be complete again")
    assert (bob.home / "trip" / "2.jpg").read_bytes() == (content / "2.jpg").read_bytes()
    assert aside.exists()
    assert {path.name for path in (bob.home / "trip").iterdir()} == {"2.jpg"}


def test_what_is_being_mended_is_kept_when_it_is_given_up(team: Team, tmp_path: Path) -> None:
    ann, bob, _, copy = copied(team, tmp_path)
    ann.session.pause(GROUP, "content")
    damage(copy)
    wrong = copy.read_bytes()
    bob.session.recheck(GROUP, "content")
    wait_until(lambda: bob.row("content").state == "downloading", what="it to be a download")
    assert 0 < bob.row("content").done < 3 * MIB
    bob.restart()
    wait_until(lambda: bob.row("content").state == "downloading", what="it to go on")
    assert 0 < bob.row("content").done < 3 * MIB
    bob.session.cancel(GROUP, "content")
    assert copy.read_bytes() == wrong
    assert {path.name for path in copy.parent.iterdir()} == {"content"}


def test_a_recheck_never_writes_to_what_was_uploaded(team: Team, tmp_path: Path) -> None:
    ann, _, content, _ = copied(team, tmp_path)
    damage(content)
    wrong = content.read_bytes()
    ann.session.recheck(GROUP, "content")
    wait_until(lambda: ann.heard("share_failed"), what="ann to be told")
    assert "1 of 96 pieces are wrong" in ann.heard("share_failed")[0].text
    assert content.read_bytes() == wrong


def test_links_to_a_copy_are_not_written_to(team: Team, tmp_path: Path) -> None:
    _, bob, _, copy = copied(team, tmp_path)
    (tmp_path / "second").hardlink_to(copy)
    damage(copy)
    wrong = copy.read_bytes()
    bob.session.recheck(GROUP, "content")
    wait_until(lambda: bob.row("content").state == "failed", what="the failure")
    assert "hard links" in (bob.row("content").error or "")
    assert copy.read_bytes() == wrong


# --- damage that nobody noticed -----------------------------------------------------------------
def test_a_damaged_upload_sends_no_wrong_byte(team: Team, tmp_path: Path, log: Log) -> None:
    ann = team.member("ann")
    content = make_file(tmp_path / "content", 3 * MIB)
    team.share(ann, content)
    damage(content, MIB + 5)
    bob = team.member("bob")
    bob.start("content")
    wait_until(lambda: ann.heard("share_failed"), what="ann to be told")
    assert "1 of 96 pieces are wrong" in ann.heard("share_failed")[0].text
    assert "upload it again" in ann.heard("share_failed")[0].text
    assert "1 of 96" in ann.session.trouble.why(GROUP, "content").reason
    assert not [entry for entry in log if entry["event"] == "peer banned"], "a wrong byte was sent"
    assert bob.row("content").state == "downloading"


def test_a_damaged_copy_is_fetched_again_by_itself(team: Team, tmp_path: Path, log: Log) -> None:
    ann, bob, content, copy = copied(team, tmp_path)
    bob.restart()  # what came in this run is known to be right
    bob.finish("content")
    damage(copy, MIB + 5)
    ann.session.limiting.limit("up", 100_000)
    cat = team.member("cat")
    there = cat.fetch("content")
    assert there.read_bytes() == content.read_bytes()
    wait_until(lambda: bob.was_told("1 piece of it was wrong"), what="bob to be told")
    ann.session.limiting.limit("up", 0)
    wait_until(lambda: bob.row("content").state == "seeding", what="bob to have it again")
    assert copy.read_bytes() == content.read_bytes()
    assert not [entry for entry in log if entry["event"] == "peer banned"], "a wrong byte was sent"


def test_an_edited_copy_is_left_as_it_is(team: Team, tmp_path: Path) -> None:
    _, bob, _, copy = copied(team, tmp_path)
    edit(copy)
    wrong = copy.read_bytes()
    bob.restart()
    wait_until(lambda: bob.row("content").state == "failed", what="the change to be noticed")
    assert "1 of 96 pieces are wrong" in (bob.row("content").error or "")
    bob.session.resume(GROUP, "content")
    wait_until(lambda: len(bob.heard("share_failed")) == 2, what="it to be told again")
    assert copy.read_bytes() == wrong
