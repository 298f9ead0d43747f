"""Others change files being downloaded or shared: wrong content never counts as right."""

from __future__ import annotations

import mmap
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from client.core.transfers.resume import MISSING
from client.storage.files.torrent_files import TorrentFiles
from client.storage.recheck import verify
from common.errors import ErrorCode, MinitorrentError
from common.types import Block, PieceIndex
from tests.support.refusals import bytes_read
from tests.unit.client.storage.contents import (
    PIECE,
    describe,
    put,
    write_all,
    write_piece,
)
from tests.unit.client.storage.files.proof import CONTENT, FOLDER, prove

LAST = PieceIndex(8)


def end(files: TorrentFiles) -> None:
    """Receive the last piece, and finalize the content if all of it is right."""
    write_piece(files, LAST, memoryview(CONTENT)[8 * PIECE :])
    files.finish(lambda: prove(files))


def delete(part: Path) -> None:
    part.unlink()


def rename(part: Path) -> None:
    part.rename(part.with_name("elsewhere"))


def by_a_copy(part: Path) -> None:
    """Another file with the same bytes, size and times."""
    shutil.copy2(part, part.with_name("copy"))
    part.with_name("copy").replace(part)


def by_a_link(part: Path) -> None:
    part.rename(part.with_name("elsewhere"))
    part.symlink_to("elsewhere")


def by_a_folder(part: Path) -> None:
    part.unlink()
    part.mkdir()


def by_a_pipe(part: Path) -> None:
    part.unlink()
    os.mkfifo(part)


def cut_short(part: Path) -> None:
    os.truncate(part, 3 * PIECE)


def lengthen(part: Path) -> None:
    with part.open("ab") as stream:
        stream.write(b"more")


def move_its_folder(part: Path) -> None:
    part.parent.rename(part.parent.with_name("moved"))


@pytest.mark.parametrize(
    "sabotage",
    [
        delete,
        rename,
        by_a_copy,
        by_a_link,
        by_a_folder,
        by_a_pipe,
        cut_short,
        lengthen,
        move_its_folder,
    ],
)
@pytest.mark.parametrize("when", ["before the last piece", "after it"])
def test_another_file_under_the_name_is_noticed(
    tmp_path: Path, sabotage: Callable[[Path], None], when: str
) -> None:
    folder = tmp_path / "folder"
    with TorrentFiles(describe(CONTENT), folder / "f") as files:
        files.open_partial()
        for number in range(8):
            piece = memoryview(CONTENT)[number * PIECE : (number + 1) * PIECE]
            write_piece(files, PieceIndex(number), piece)
        if when == "after it":
            write_piece(files, LAST, memoryview(CONTENT)[8 * PIECE :])
        sabotage(files.partial)
        with pytest.raises(MinitorrentError) as caught:
            if when == "after it":
                files.finish(lambda: prove(files))
            else:
                write_piece(files, LAST, memoryview(CONTENT)[8 * PIECE :])
        assert caught.value.code in (ErrorCode.FILE_CHANGED, ErrorCode.FILE_NOT_FOUND)
        assert not files.final.exists()


def cut_and_grow(part: Path) -> None:
    cut_short(part)
    os.truncate(part, len(CONTENT))


def overwrite(part: Path) -> None:
    with part.open("r+b") as stream:
        stream.write(bytes(10))


def overwrite_and_set_the_time_back(part: Path) -> None:
    before = part.stat()
    overwrite(part)
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))


def punch_a_hole(part: Path) -> None:
    with part.open("r+b") as stream:
        stream.seek(PIECE)
        stream.write(bytes(PIECE))


SUBTLE = [cut_and_grow, overwrite, overwrite_and_set_the_time_back, punch_a_hole]


@pytest.mark.parametrize("sabotage", SUBTLE)
@pytest.mark.parametrize("when", ["before the last piece", "after it"])
def test_foreign_writes_are_noticed(
    files: TorrentFiles, sabotage: Callable[[Path], None], when: str
) -> None:
    if when == "after it":
        write_piece(files, LAST, memoryview(CONTENT)[8 * PIECE :])
    sabotage(files.partial)
    with pytest.raises(AssertionError, match="wrong pieces"):
        if when == "after it":
            files.finish(lambda: prove(files))
        else:
            end(files)
    assert not files.final.exists()
    assert MISSING in files.verified_stamps().files, "a record of this would be believed"
    right = verify(files)
    assert not right.complete
    for piece in right.missing():
        start = piece * PIECE
        write_piece(files, PieceIndex(piece), memoryview(CONTENT)[start : start + PIECE])
    files.finish(lambda: prove(files))
    assert files.final.read_bytes() == CONTENT


def harmless_mode(part: Path) -> None:
    part.chmod(0o444)


def harmless_touch(part: Path) -> None:
    part.touch()


def harmless_link(part: Path) -> None:
    part.with_name("second").hardlink_to(part)


@pytest.mark.parametrize("change", [harmless_mode, harmless_touch, harmless_link])
def test_a_touch_without_changes_costs_only_a_hash(
    files: TorrentFiles, change: Callable[[Path], None]
) -> None:
    change(files.partial)
    end(files)
    assert files.final.read_bytes() == CONTENT
    assert MISSING not in files.stamps().files


def test_believed_pieces_are_hashed_before_the_final_name(
    tmp_path: Path, files: TorrentFiles
) -> None:
    files.close()
    overwrite_and_set_the_time_back(files.partial)
    with TorrentFiles(describe(CONTENT), tmp_path / "f") as later:
        later.open_partial()
        assert later.unproven().count == 9
        with pytest.raises(AssertionError, match="wrong pieces"):
            end(later)
        assert not later.final.exists()


def test_a_file_replaced_at_the_last_moment(tmp_path: Path, files: TorrentFiles) -> None:
    """Between the last check and the rename: the replacement loses the name again."""

    def prove_then_swap() -> None:
        prove(files)
        by_a_copy(files.partial)

    write_piece(files, LAST, memoryview(CONTENT)[8 * PIECE :])
    with pytest.raises(MinitorrentError, match="while it was being renamed") as caught:
        files.finish(prove_then_swap)
    assert caught.value.code is ErrorCode.FILE_CHANGED
    assert [path.name for path in tmp_path.iterdir()] == [files.partial.name]


def test_a_folder_replaced_at_the_last_moment(tmp_path: Path) -> None:
    with TorrentFiles(describe(FOLDER), tmp_path / "f") as files:

        def prove_then_swap() -> None:
            prove(files)
            by_a_copy(files.partial / "a")

        files.open_partial()
        write_all(files, FOLDER)
        with pytest.raises(MinitorrentError, match="while it was being renamed"):
            files.finish(prove_then_swap)
        assert [path.name for path in tmp_path.iterdir()] == [files.partial.name]


@pytest.mark.parametrize("name", ["a", "d/b", "c"])
def test_a_spoiled_file_of_a_folder(tmp_path: Path, name: str) -> None:
    for sabotage in (delete, by_a_copy, by_a_link):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        with TorrentFiles(describe(FOLDER), tmp_path / "f") as files:
            files.open_partial()
            write_all(files, FOLDER)
            sabotage(files.partial / name)
            with pytest.raises(MinitorrentError) as caught:
                files.look_at_all()
            assert caught.value.code is ErrorCode.FILE_CHANGED
            assert name in caught.value.message
            with pytest.raises(MinitorrentError):
                files.finish(lambda: prove(files))
            assert not files.final.exists()


def test_a_vanished_folder_is_not_recreated(files: TorrentFiles) -> None:
    """A disk that was unmounted would be written to below its mount point."""
    files.close()
    files.partial.parent.rename(files.partial.parent.with_name("moved"))
    with pytest.raises(MinitorrentError, match="Put it back") as caught:
        files.open_partial()
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND
    assert not files.partial.parent.exists()


def test_a_shared_piece_is_hashed_once_before_it_is_used(tmp_path: Path) -> None:
    put(tmp_path / "f", CONTENT)
    with TorrentFiles(describe(CONTENT), tmp_path / "f") as files:

        def pieces_read(times: int) -> int:
            """How many pieces are read to prove one so many times."""
            before = bytes_read()
            for _ in range(times):
                assert files.prove(PieceIndex(2))
            return (bytes_read() - before) // PIECE

        files.open_complete()
        assert pieces_read(3) == 1
        files.doubt([2])
        assert not files.is_proven(PieceIndex(2))
        assert pieces_read(3) == 1


def test_damage_without_a_changed_time(tmp_path: Path) -> None:
    put(tmp_path / "f", CONTENT)
    overwrite_and_set_the_time_back(tmp_path / "f")
    with TorrentFiles(describe(CONTENT), tmp_path / "f") as files:
        files.open_complete()
        assert not files.prove(PieceIndex(0))
        assert files.prove(PieceIndex(1))
        with (tmp_path / "f").open("r+b") as stream:
            stream.write(CONTENT[:10])
        os.utime(tmp_path / "f", ns=(0, files.verified_stamps().files[0].mtime_ns))
        assert files.prove(PieceIndex(0)), "repaired, and the time set back"
        overwrite_and_set_the_time_back(tmp_path / "f")
        files.look([Block(PieceIndex(0), 0, 10)])
        assert not files.is_proven(PieceIndex(0))
        assert not files.prove(PieceIndex(0))


def test_damage_through_a_map_is_found_when_the_piece_is_doubted(tmp_path: Path) -> None:
    put(tmp_path / "f", CONTENT)
    with TorrentFiles(describe(CONTENT), tmp_path / "f") as files:
        with (tmp_path / "f").open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as mapped:
            mapped[0] ^= 1  # makes the page writable, which the kernel stamps
            mapped[0] ^= 1
            files.open_complete()
            assert files.prove(PieceIndex(0))
            mapped[0] ^= 1
        files.doubt([0])
        assert not files.prove(PieceIndex(0))
