"""Files written for a user never replace files that this program did not write."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path, PosixPath

import pytest

from client.storage.paths.writing import NewFile, check_place, open_to_append, write_private
from common.errors import ErrorCode, MinitorrentError
from tests.unit.client.storage.contents import without_hard_links

Judge = Callable[[bytes], bool]


def ours(data: bytes) -> bool:
    return data.startswith(b"ours")


def refused(path: Path, is_ours: Judge = ours) -> None:
    """Neither looking nor writing takes the place, and nothing is left beside it."""
    beside = set(path.parent.iterdir())
    attempts: list[Callable[[], None]] = [
        lambda: check_place(path, is_ours),
        lambda: write_private(NewFile(path, b"ours, new", is_ours)),
    ]
    for attempt in attempts:
        with pytest.raises(MinitorrentError) as caught:
            attempt()
        assert caught.value.code is ErrorCode.FILE_EXISTS
        assert set(path.parent.iterdir()) == beside


def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new"
    check_place(path)
    write_private(NewFile(path, b"data"))
    assert path.read_bytes() == b"data"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_own_files_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"ours, old")
    check_place(path, ours)
    write_private(NewFile(path, b"ours, new", ours))
    assert path.read_bytes() == b"ours, new"
    assert list(tmp_path.iterdir()) == [path]


def test_foreign_files_are_kept(tmp_path: Path) -> None:
    foreign = tmp_path / "film.mkv"
    foreign.write_bytes(b"a film")
    refused(foreign)
    assert foreign.read_bytes() == b"a film"
    target = tmp_path / "target"
    target.write_bytes(b"ours, behind a link")
    for name, leads_to in (("link", target), ("dangling", tmp_path / "nowhere")):
        (tmp_path / name).symlink_to(leads_to)
        refused(tmp_path / name)
    assert target.read_bytes() == b"ours, behind a link"
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder")


def test_pipes_and_devices_neither_block_nor_get_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    refused(tmp_path / "fifo", lambda _: True)
    with pytest.raises(MinitorrentError) as caught:
        check_place(Path("/dev/null"), lambda _: True)
    assert caught.value.code is ErrorCode.FILE_EXISTS


@pytest.mark.parametrize("was_there", [False, True])
def test_files_that_appear_meanwhile_are_kept(tmp_path: Path, was_there: bool) -> None:
    """Somebody else takes the name between the look and the writing."""
    path, other = tmp_path / "name", tmp_path / "other"
    other.write_bytes(b"ours, too")
    if was_there:
        path.write_bytes(b"ours, old")

    def interrupted(data: bytes) -> bool:
        path.unlink(missing_ok=True)
        path.write_bytes(b"theirs")
        return ours(data)

    with pytest.raises(MinitorrentError) as caught:
        write_private(NewFile(path, b"ours, new", ours), NewFile(other, b"ours", interrupted))
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert path.read_bytes() == b"theirs"
    assert other.read_bytes() == b"ours, too"
    assert set(tmp_path.iterdir()) == {path, other}


def test_files_that_appear_after_ours_was_moved_are_kept(tmp_path: Path) -> None:
    class Taken(PosixPath):
        def rename(self, target: str | os.PathLike[str]) -> Taken:
            """See Path."""
            moved = super().rename(target)
            self.write_bytes(b"theirs")
            return moved

    path = Taken(tmp_path / "name")
    path.write_bytes(b"ours, old")
    with pytest.raises(MinitorrentError) as caught:
        write_private(NewFile(path, b"ours, new", ours))
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert path.read_bytes() == b"theirs"


def test_all_files_or_none(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"ours, old")
    broken = without_hard_links(errno.EIO)(new)
    with pytest.raises(MinitorrentError):
        write_private(NewFile(old, b"ours, new", ours), NewFile(broken, b"second"))
    assert old.read_bytes() == b"ours, old"
    assert list(tmp_path.iterdir()) == [old]
    new.write_bytes(b"foreign")
    with pytest.raises(MinitorrentError):
        write_private(NewFile(old, b"ours, new", ours), NewFile(new, b"second"))
    assert old.read_bytes() == b"ours, old"
    new.unlink()
    write_private(NewFile(old, b"ours, new", ours), NewFile(new, b"second"))
    assert (old.read_bytes(), new.read_bytes()) == (b"ours, new", b"second")


def test_a_file_system_without_hard_links(tmp_path: Path) -> None:
    path = without_hard_links(errno.EPERM)(tmp_path / "name")
    write_private(NewFile(path, b"ours, old", ours))
    write_private(NewFile(path, b"ours, new", ours))
    assert path.read_bytes() == b"ours, new"
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"theirs")
    refused(foreign)
    assert foreign.read_bytes() == b"theirs"


def test_unwritable_folders(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "nowhere" / "x", tmp_path / "file" / "x"):
        with pytest.raises(MinitorrentError) as caught:
            check_place(path)
        assert caught.value.code is ErrorCode.FILE_NOT_FOUND
        with pytest.raises(MinitorrentError):
            write_private(NewFile(path, b""))
    assert (tmp_path / "file").read_bytes() == b""


def test_a_log_is_appended_to_but_never_through_a_link(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for line in (b"one\n", b"two\n"):
        with os.fdopen(open_to_append(log), "ab") as stream:
            stream.write(line)
    assert log.read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(log)
    for name in ("fifo", "link"):
        with pytest.raises(MinitorrentError) as caught:
            open_to_append(tmp_path / name)
        assert caught.value.code is ErrorCode.FILE_EXISTS
