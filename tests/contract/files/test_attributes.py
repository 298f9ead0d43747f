"""Files arrive with their attributes, and attributes don't make different files."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

import pytest

from tests.contract.sharing import share
from tests.integration.tracker.sessions import SessionClient
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.torrents import write_padded
from tests.support.waiting import wait_until

MTIME = 1_600_000_000


def write(path: Path, content: bytes, mtime: int = MTIME, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    os.utime(path, (mtime, mtime))
    return path


def is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXUSR)


def test_times_and_executable_bits_arrive(
    ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path
) -> None:
    tool = write(tmp_path / "tool", b"#!/bin/sh\n", mode=0o6755)
    write(tmp_path / "folder" / "bin" / "run", b"#!/bin/sh\n" * 5000, mode=0o700)
    write(tmp_path / "folder" / "notes", b"text" * 20_000, mtime=MTIME + 5)
    for path in (tool, tmp_path / "folder"):
        ann.ok("upload_file", str(path), group)
        bob.download(group, path.name, tmp_path / "out")
    got = tmp_path / "out"
    assert got.joinpath("tool").stat().st_mtime == MTIME
    assert stat.S_IMODE(got.joinpath("tool").stat().st_mode) & 0o6000 == 0
    assert is_executable(got / "tool")
    assert is_executable(got / "folder" / "bin" / "run")
    assert not is_executable(got / "folder" / "notes")
    assert got.joinpath("folder", "notes").stat().st_mtime == MTIME + 5
    # None of this looks like a change of the files.
    for name in ("tool", "folder"):
        bob.ok("recheck", group, name)
        wait_until(partial(is_seeding, bob, group, name), 30, "seeding")


def is_seeding(who: ClientProcess, group: str, name: str) -> bool:
    return bool(who.transfer(group, name)["state"] == "seeding")


def seeders(who: ClientProcess, group: str, name: str) -> int:
    return next(
        int(r["seeders"]) for r in who.ok("list_files", group)["files"] if r["name"] == name
    )


@pytest.mark.parametrize("is_folder", [False, True])
def test_copies_with_different_times_are_one_file(
    ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path, is_folder: bool
) -> None:
    name = "both"
    inside = Path(name, "a") if is_folder else Path(name)
    write(tmp_path / "anns" / inside, b"same" * 10_000)
    write(tmp_path / "bobs" / inside, b"same" * 10_000, MTIME + 100, 0o755)
    first = ann.ok("upload_file", str(tmp_path / "anns" / name), group)
    second = bob.ok("upload_file", str(tmp_path / "bobs" / name), group)
    assert second == first
    wait_until(lambda: seeders(ann, group, name) == 2, 30, "both to seed")
    assert ((tmp_path / "bobs" / inside).stat().st_mtime) == MTIME + 100
    # Sharing again, even after the time has changed, gives the same file.
    assert bob.ok("upload_file", str(tmp_path / "bobs" / name), group) == first
    os.utime(tmp_path / "bobs" / inside)
    assert bob.ok("upload_file", str(tmp_path / "bobs" / name), group) == first
    write(tmp_path / "other" / inside, b"else" * 10_000)
    message = bob.fails("name_taken", "upload_file", str(tmp_path / "other" / name), group)
    assert "--name" in message
    write(tmp_path / "other" / inside, b"of another length")
    bob.fails("name_taken", "upload_file", str(tmp_path / "other" / name), group)


def test_unsharable_entries_can_be_skipped(ann: ClientProcess, group: str, tmp_path: Path) -> None:
    folder, torrent = tmp_path / "folder", tmp_path / "folder.torrent"
    for name in ("good", "CON", "dot."):
        write(folder / name, name.encode())
    message = ann.fails("invalid_name", "upload_file", str(folder), group)
    assert "'CON' is reserved on Windows; 'dot.' ends in a dot" in message
    assert "--skip-unsharable" in message
    ann.fails("invalid_name", "share", str(folder), str(torrent), group)
    shared = ann.ok("share", str(folder), str(torrent), group, "--skip-unsharable")
    again = ann.ok("upload_file", str(folder), group, "--skip-unsharable")
    assert shared["info_hash"] == again["info_hash"]
    assert again["size"] == 4
    named = ann.ok("upload_file", str(folder / "CON"), group, "--name", "good name")
    assert named["name"] == "good name"
    ann.ok("share", str(folder / "dot."), str(tmp_path / "t"), group, "--name", "another")


# --- padding (BEP 47) -------------------------------------------------------------------------
PIECE = 32 * 1024
ONE, TWO = os.urandom(PIECE // 2), os.urandom(3 * PIECE + 5)


def test_padding_is_never_written(
    tracker: TrackerProcess, ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path
) -> None:
    ann.ok("share", str(share(ann, group, tmp_path / "any")), str(tmp_path / "any.torrent"), group)
    torrent = tmp_path / "padded.torrent"
    write_padded(tmp_path / "any.torrent", torrent, {"one": ONE, "d/two": TWO}, PIECE)
    with SessionClient(tracker.address) as session:
        session.login("ann")
        session.offer(group, "padded", torrent.read_bytes())
    size = len(ONE) + len(TWO)
    (row,) = [row for row in ann.ok("list_files", group)["files"] if row["name"] == "padded"]
    assert row["size"] == size

    write(tmp_path / "padded" / "one", ONE)
    write(tmp_path / "padded" / "d" / "two", TWO)
    shared = ann.ok("upload_file", str(tmp_path / "padded"), group)
    assert (shared["info_hash"], shared["size"]) == (row["info_hash"], size)

    out = tmp_path / "out"
    out.mkdir()
    assert bob.ok("get", str(torrent), str(out))["name"] == "padded"
    bob.wait_complete(group, "padded")
    found = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert found == {"padded/one": ONE, "padded/d/two": TWO}
    done = bob.transfer(group, "padded")
    assert (done["size"], done["done"], done["progress"]) == (size, size, 1.0)
    bob.ok("stop_share", group, "padded")
    only = bob.ok("download_file", group, "padded", str(tmp_path / "some"), "--only", "one")
    bob.wait_complete(group, "padded")
    assert Path(only["destination"], "one").read_bytes() == ONE
    assert bob.transfer(group, "padded")["size"] == len(ONE)
