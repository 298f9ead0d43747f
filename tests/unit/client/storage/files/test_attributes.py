"""Times and executable bits arrive with files; padding is nowhere on the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from client.core.transfers.piece_selection import PieceSelection
from client.storage.files import attributes
from client.storage.files.torrent_files import TorrentFiles
from client.storage.recheck import is_already_there
from client.storage.search import find_content
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import FileEntry, Metainfo
from common.types import PieceIndex
from tests.unit.client.storage.contents import (
    PIECE,
    describe,
    put,
    random_bytes,
    read_all,
    tree,
    write_all,
    write_piece,
)

MTIME = 1_600_000_000


def shared_as(described: Metainfo, *files: FileEntry) -> Metainfo:
    return replace(described, files=files)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_finished_file_has_its_time_and_executable_bit(tmp_path: Path) -> None:
    entry = FileEntry(("content",), 4, executable=True, mtime=MTIME)
    with TorrentFiles(shared_as(describe(b"data"), entry), tmp_path / "f") as files:
        files.open_partial()
        write_all(files, b"data")
        files.finish()
        files.look_at_all()
        assert files.verified_stamps() == files.stamps()
        plain = (tmp_path / "new").open("wb")
        plain.close()
        status = (tmp_path / "f").stat()
        assert status.st_mtime_ns == MTIME * 10**9
        readable = mode_of(tmp_path / "new") & 0o444
        assert mode_of(tmp_path / "f") == mode_of(tmp_path / "new") | readable >> 2


def test_in_a_folder_each_file_has_its_own_attributes(tmp_path: Path) -> None:
    content = {"a": b"1", "d/b": b"22", "c": b"333"}
    described = shared_as(
        describe(content),
        FileEntry(("a",), 1, executable=True),
        FileEntry(("d", "b"), 2, mtime=MTIME),
        FileEntry(("c",), 3),
    )
    with TorrentFiles(described, tmp_path / "f") as files:
        files.open_partial()
        write_all(files, content)
        files.finish()
    assert [bool(mode_of(tmp_path / "f" / name) & 0o100) for name in content] == [
        True,
        False,
        False,
    ]
    assert (tmp_path / "f" / "d" / "b").stat().st_mtime == MTIME
    assert (tmp_path / "f" / "c").stat().st_mtime > MTIME


@contextmanager
def process_umask(mask: int) -> Iterator[None]:
    """Have this umask inside the block."""
    before = os.umask(mask)
    attributes._umask.cache_clear()
    try:
        yield
    finally:
        os.umask(before)
        attributes._umask.cache_clear()


@pytest.mark.parametrize(
    ("umask", "made", "expected"),
    [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700), (0o027, 0o640, 0o750), (0o133, 0o644, 0o644)],
)
def test_bits_follow_the_umask_and_nothing_else_is_set(
    tmp_path: Path, umask: int, made: int, expected: int
) -> None:
    path = tmp_path / "f"
    path.touch()
    path.chmod(made)
    with process_umask(umask), path.open("rb") as file:
        attributes.apply(file.fileno(), FileEntry(("f",), 0, executable=True, mtime=MTIME))
        assert mode_of(path) == expected
        attributes.apply(file.fileno(), FileEntry(("f",), 0))
    assert mode_of(path) == expected


def test_the_umask_is_that_of_the_process() -> None:
    with process_umask(0o037):
        assert attributes._umask() == 0o037


def test_a_future_time_becomes_now(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.touch()
    with path.open("rb") as file:
        attributes.apply(file.fileno(), FileEntry(("f",), 0, mtime=2**37))
    assert abs(path.stat().st_mtime - tmp_path.stat().st_mtime) < 60
    os.utime(path, (-1000, -1000))
    assert attributes.attributes_of(path.stat()) == (False, 0)


def test_earlier_changes_by_others_are_still_noticed(tmp_path: Path) -> None:
    described = shared_as(describe(b"data"), FileEntry(("content",), 4, mtime=MTIME))
    with TorrentFiles(described, tmp_path / "f") as files:
        files.open_partial()
        write_all(files, b"data")
        files.partial.write_bytes(b"atad")
        doubtful: list[int] = []

        def prove() -> None:
            doubtful.extend(files.unproven())
            if not files.prove(PieceIndex(0)):
                raise AssertionError("wrong content was taken for right")

        with pytest.raises((AssertionError, MinitorrentError)):
            files.finish(prove)
    assert not (tmp_path / "f").exists()


# --- padding ----------------------------------------------------------------------------------
ONE, TWO = random_bytes(PIECE // 2, 1), random_bytes(3 * PIECE, 2)
GAP = PIECE - len(ONE)


def padded() -> Metainfo:
    described = describe({"one": ONE, "pad": bytes(GAP), "d/two": TWO})
    return shared_as(
        described,
        FileEntry(("one",), len(ONE)),
        FileEntry((), GAP, is_padding=True),
        FileEntry(("d", "two"), len(TWO)),
    )


def selection_of(*chosen: int) -> PieceSelection:
    described = padded()
    lengths = [file.length for file in described.files]
    return PieceSelection(described.geometry, lengths, chosen or None, padding=described.padding)


def test_padding_is_zeros_without_a_file(tmp_path: Path) -> None:
    described, whole = padded(), ONE + bytes(GAP) + TWO
    with TorrentFiles(described, tmp_path / "f", selection_of()) as files:
        files.open_partial()
        write_all(files, whole)
        files.sync()
        files.finish()
        assert tree(tmp_path / "f") == {"one": ONE, "d/two": TWO}
        assert [path.name for path in tmp_path.iterdir()] == ["f"]
        assert read_all(files) == whole
        sent = b"".join(files.views(PieceIndex(0), len(ONE) - 10, GAP + 10))
        assert sent == ONE[-10:] + bytes(GAP)
        assert files.sizes_are_right()
        files.look_at_all()
    with TorrentFiles(described, tmp_path / "f", selection_of()) as again:
        assert is_already_there(again)


def test_padding_next_to_unwanted_files(tmp_path: Path) -> None:
    described = padded()
    with TorrentFiles(described, tmp_path / "f", selection_of(0)) as files:
        files.open_partial()
        write_piece(files, PieceIndex(0), memoryview(ONE + bytes(GAP)))
        files.finish()
        assert tree(tmp_path / "f") == {"one": ONE}


def test_padding_that_is_not_zeros_is_refused(tmp_path: Path) -> None:
    data = b"x" * GAP
    described = shared_as(
        describe({"one": ONE, "pad": data}),
        FileEntry(("one",), len(ONE)),
        FileEntry((), GAP, is_padding=True),
    )
    with TorrentFiles(described, tmp_path / "f") as files:
        files.open_partial()
        assert not files.is_right(PieceIndex(0), memoryview(ONE + bytes(GAP)))
        assert files.is_right(PieceIndex(0), memoryview(ONE + data))
        with pytest.raises(MinitorrentError) as caught:
            write_piece(files, PieceIndex(0), memoryview(ONE + data))
        assert caught.value.code is ErrorCode.USAGE


def test_moved_padded_content_is_found(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", {"one": ONE, "d/two": TWO})
    found = find_content(padded(), tmp_path)
    assert found is not None
    assert found[0] == tmp_path / "elsewhere"
