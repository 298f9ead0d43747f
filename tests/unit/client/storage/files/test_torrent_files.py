"""Files of a download or a share: opened, written, read, closed and discarded."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from client.storage.files.content import Content
from client.storage.files.layout import Layout
from client.storage.files.naming import partial_path
from client.storage.files.torrent_files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from common.types import Block, PieceIndex
from tests.unit.client.storage.contents import (
    PIECE,
    describe,
    put,
    random_bytes,
    read_all,
    read_piece,
    tree,
    write_all,
    write_piece,
)
from tests.unit.client.storage.files.folders import FOLDER


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 100_000])
def test_a_file_from_first_piece_to_final_name(tmp_path: Path, length: int) -> None:
    content = random_bytes(length)
    final = tmp_path / "new" / "a file é.bin"
    with TorrentFiles(describe(content), final) as files:
        files.open_partial()
        assert files.path == files.partial
        assert files.partial.stat().st_size == length
        write_all(files, content)
        assert read_all(files) == content
        files.sync()
        files.finish()
        assert files.path == final
        assert read_all(files) == content
        assert files.stamps().sizes == (length,)
    assert final.read_bytes() == content
    assert [path.name for path in final.parent.iterdir()] == [final.name]


def test_a_folder_from_first_piece_to_final_name(tmp_path: Path) -> None:
    final = tmp_path / "my folder"
    with TorrentFiles(describe(FOLDER), final) as files:
        files.open_partial()
        assert {name: len(data) for name, data in tree(files.partial).items()} == {
            name: len(data) for name, data in FOLDER.items()
        }
        write_all(files, FOLDER)
        files.finish()
        assert read_all(files) == b"".join(FOLDER.values())
    assert tree(final) == FOLDER
    assert list(tmp_path.iterdir()) == [final]


def test_a_folder_of_empty_files(tmp_path: Path) -> None:
    content = {"a": b"", "d/b": b""}
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        files.finish()
        assert files.sizes_are_right()
    assert tree(tmp_path / "f") == content


def test_the_temporary_name(tmp_path: Path) -> None:
    metainfo = describe(b"x")
    digits = metainfo.info_hash.hex()
    assert partial_path(metainfo, tmp_path / "n").name == f"n.{digits[:8]}.part"
    assert partial_path(metainfo, tmp_path / ("é" * 127)).name == f"{digits}.part"


def test_many_files_with_few_descriptors(tmp_path: Path, few_descriptors: None) -> None:
    content = {f"{number:03}/f": random_bytes(500, number) for number in range(200)}
    before = len(list(Path("/proc/self/fd").iterdir()))
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        write_all(files, content)
        views = files.views(PieceIndex(0), 0, PIECE)
        assert len(views) == 33
        for number in range(files.metainfo.piece_count):
            size = files.metainfo.geometry.piece_size(PieceIndex(number))
            files.views(PieceIndex(number), 0, size)
        assert len(list(Path("/proc/self/fd").iterdir())) < before + 64 + 33 + 1
        assert b"".join(bytes(view) for view in views) == b"".join(content.values())[:PIECE]
        files.finish()
    assert tree(tmp_path / "f") == content


def test_runs_are_scattered_over_buffers_of_any_size(tmp_path: Path) -> None:
    """Runs end inside buffers, buffers inside runs, and both where another file begins."""
    joined = b"".join(FOLDER.values())
    runs = [
        Block(PieceIndex(0), 3, PIECE - 3),
        Block(PieceIndex(1), 0, PIECE),
        Block(PieceIndex(3), PIECE - 10, 10),
        Block(PieceIndex(4), 0, 10),
    ]
    expected = b"".join(joined[run.piece * PIECE + run.begin :][: run.length] for run in runs)
    with TorrentFiles(describe(FOLDER), tmp_path / "f") as files:
        put(tmp_path / "f", FOLDER)
        files.open_complete()
        for size in (1000, PIECE, len(expected)):
            got = bytearray(len(expected))
            view = memoryview(got)
            files.read(runs, [view[at : at + size] for at in range(0, len(got), size)])
            assert got == expected


def test_views_outlive_finish_and_close(tmp_path: Path) -> None:
    content = random_bytes(PIECE + 100)
    files = TorrentFiles(describe(content), tmp_path / "f")
    files.open_partial()
    write_all(files, content)
    (view,) = files.views(PieceIndex(1), 10, 90)
    files.finish()
    (later,) = files.views(PieceIndex(0), 0, PIECE)
    files.close()
    assert bytes(view) == content[PIECE + 10 :]
    assert bytes(later) == content[:PIECE]
    with pytest.raises(MinitorrentError):
        files.views(PieceIndex(0), 0, 1)
    with pytest.raises(MinitorrentError):
        read_piece(files, PieceIndex(0), 1)


def test_sending_from_a_truncated_file_raises(tmp_path: Path) -> None:
    content = random_bytes(4 * PIECE)
    put(tmp_path / "f", content)
    left, right = socket.socketpair()
    with left, right, TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_complete()
        views = files.views(PieceIndex(3), 0, PIECE)
        os.truncate(tmp_path / "f", 0)
        with pytest.raises(OSError, match="Bad address"):
            left.sendmsg(views)


def test_a_short_or_missing_file_is_reported(tmp_path: Path) -> None:
    content = random_bytes(2 * PIECE)
    put(tmp_path / "f", content[:-1])
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_complete()
        assert not files.sizes_are_right()
        assert read_piece(files, PieceIndex(0), PIECE) == content[:PIECE]
        for call in (
            lambda: read_piece(files, PieceIndex(1), PIECE),
            lambda: files.views(PieceIndex(0), 0, 1),
        ):
            with pytest.raises(MinitorrentError) as caught:
                call()
            assert caught.value.code is ErrorCode.FILE_CHANGED
        assert not files._content.is_hole(PIECE, PIECE)
    with TorrentFiles(describe(content), tmp_path / "missing") as files:
        assert files.stamps().sizes == (-1,)
        with pytest.raises(MinitorrentError) as caught:
            files.open_complete()
        assert caught.value.code is ErrorCode.FILE_NOT_FOUND
        calls: list[Callable[[], object]] = [
            lambda: read_piece(files, PieceIndex(1), PIECE),
            lambda: files.views(PieceIndex(0), 0, 1),
            lambda: files.prove(PieceIndex(0)),
        ]
        for attempt in calls:
            with pytest.raises(MinitorrentError) as caught:
                attempt()
            assert caught.value.code is ErrorCode.FILE_NOT_FOUND


def test_a_piece_of_the_wrong_size_raises(tmp_path: Path) -> None:
    with TorrentFiles(describe(b"abc"), tmp_path / "f") as files:
        files.open_partial()
        with pytest.raises(ValueError, match="another size"):
            write_piece(files, PieceIndex(0), memoryview(b"abcd"))


def test_opening_again_keeps_what_was_written(tmp_path: Path) -> None:
    content = random_bytes(2 * PIECE)
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        assert not files.has_partial
        files.open_partial()
        write_piece(files, PieceIndex(1), memoryview(content)[PIECE:])
        stamps = files.stamps()
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        assert files.has_partial
        files.open_partial()
        assert files.stamps() == stamps
        assert read_all(files) == bytes(PIECE) + content[PIECE:]


def test_stamps_change_with_the_files(tmp_path: Path) -> None:
    put(tmp_path / "f", FOLDER)
    with TorrentFiles(describe(FOLDER), tmp_path / "f") as files:
        files.open_complete()
        assert files.sizes_are_right()
        before = files.stamps()
        os.utime(tmp_path / "f" / "z", ns=(1, 1))
        assert files.stamps() != before
        (tmp_path / "f" / "z").unlink()
        (tmp_path / "f" / "z").mkdir()
        assert files.stamps().sizes[-1] == -1


def test_holes(tmp_path: Path) -> None:
    content = bytes(8 * PIECE)
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        write_piece(files, PieceIndex(3), memoryview(content)[:PIECE])
        holes = [files._content.is_hole(number * PIECE, PIECE) for number in range(8)]
        assert holes == [True] * 3 + [False] + [True] * 4


def test_discarding_deletes_the_files(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    for name, content in (("file", b"data"), ("folder", FOLDER)):
        with TorrentFiles(describe(content), tmp_path / name) as files:
            files.discard()
            files = TorrentFiles(describe(content), tmp_path / name)
            files.open_partial()
            if name == "folder":
                (files.partial / "link").symlink_to(outside)
            files.discard()
            assert not files.has_partial
            files.discard()
            files.partial.symlink_to(outside)
            files.discard()
            assert not files.has_partial
    assert tree(tmp_path) == {"outside/precious": b""}


def test_many_threads_write_and_read_at_once(tmp_path: Path) -> None:
    content = {f"{number}": random_bytes(7_000, number) for number in range(150)}
    joined = b"".join(content.values())
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        geometry = files.metainfo.geometry

        def work(start: int) -> None:
            for number in range(start, geometry.piece_count, 4):
                index = PieceIndex(number)
                offset, size = geometry.offset(index), geometry.piece_size(index)
                write_piece(files, index, memoryview(joined)[offset : offset + size])
                buffer = read_piece(files, index, size)
                assert buffer == joined[offset : offset + size]
                assert b"".join(map(bytes, files.views(index, 0, size))) == buffer
                files.sync()

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(work, start) for start in range(4)]:
                future.result()
        files.finish()
    assert tree(tmp_path / "f") == content


def test_a_file_in_use_is_closed_when_its_lease_ends(tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    content = Content(Layout(tmp_path / "f", tmp_path / "f", describe(b"data").files, False))
    with content.handles.lease(0) as descriptor:
        content.close()
        assert os.pread(descriptor, 4, 0) == b"data"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    content.close()


def test_files_in_use_may_exceed_the_limit(tmp_path: Path) -> None:
    content = {f"{number}": b"x" for number in range(70)}
    put(tmp_path / "f", content)
    opened = Content(Layout(tmp_path / "f", tmp_path / "f", describe(content).files, True))
    leases = [opened.handles.lease(number) for number in range(70)]
    descriptors = {lease.__enter__() for lease in leases}
    assert len(descriptors) == 70
    for lease in leases:
        lease.__exit__(None, None, None)
    opened.close()


def test_new_files_are_not_executable(tmp_path: Path) -> None:
    described = describe(b"content")
    with TorrentFiles(described, tmp_path / "out.bin") as files:
        files.open_partial()
        assert not files.partial.stat().st_mode & 0o111
