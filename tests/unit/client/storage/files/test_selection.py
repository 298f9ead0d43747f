"""Downloads of some files of a folder."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import pytest

from client.core.transfers.piece_selection import PieceSelection
from client.storage.files.torrent_files import TorrentFiles
from client.storage.recheck import is_already_there, verify
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex
from tests.unit.client.storage.contents import PIECE, describe, put, random_bytes, tree, write_piece

FOLDER = {
    "a": random_bytes(PIECE + 100, 1),
    "b/b": random_bytes(2 * PIECE, 2),
    "b/empty": b"",
    "c": random_bytes(5 * PIECE, 3),
    "d": random_bytes(300, 4),
}
DESCRIBED = describe(FOLDER)
CONTENT = b"".join(FOLDER.values())


def selection(*chosen: int) -> PieceSelection:
    lengths = [len(data) for data in FOLDER.values()]
    return PieceSelection(DESCRIBED.geometry, lengths, chosen or None)


def some(*names: str) -> dict[str, bytes]:
    return {name: FOLDER[name] for name in names}


def write(files: TorrentFiles, pieces: Collection[int]) -> None:
    for piece in pieces:
        start = piece * PIECE
        write_piece(files, PieceIndex(piece), memoryview(CONTENT[start : start + PIECE]))


def fetch(final: Path, *chosen: int) -> None:
    """Finalize the chosen files, and only those."""
    with TorrentFiles(DESCRIBED, final, selection(*chosen)) as files:
        files.open_partial()
        write(files, list(files.selection.pieces))
        files.finish()


def test_only_wanted_files_appear(tmp_path: Path) -> None:
    final = tmp_path / "folder"
    with TorrentFiles(DESCRIBED, final, selection(1, 2)) as files:
        files.open_partial()
        assert {name: len(data) for name, data in tree(files.partial).items()} == {
            "b/b": 2 * PIECE,
            "b/empty": 0,
        }
        write(files, list(files.selection.pieces))
        files.sync()
        files.finish()
        stamps = files.stamps()
        assert files.sizes_are_right()
        assert verify(files) == files.selection.pieces
        first = PieceIndex(1)  # the end of a, the beginning of b/b
        assert b"".join(map(bytes, files.views(first, 0, PIECE))) == CONTENT[PIECE : 2 * PIECE]
    assert tree(final) == some("b/b", "b/empty")
    assert {path.name for path in tmp_path.iterdir()} == {final.name, files.part_file.name}
    assert files.part_file.name.startswith(".")
    with TorrentFiles(DESCRIBED, final, selection(1, 2)) as again:
        assert is_already_there(again)
        assert again.stamps() == stamps
    with TorrentFiles(DESCRIBED, final) as whole:
        assert not is_already_there(whole)


def test_without_the_part_file_the_edges_are_missing(tmp_path: Path) -> None:
    final = tmp_path / "folder"
    fetch(final, 1)
    with TorrentFiles(DESCRIBED, final, selection(1)) as files:
        files.discard_part_file()
    assert list(tmp_path.iterdir()) == [final]
    with TorrentFiles(DESCRIBED, final, selection(1)) as files:
        assert not is_already_there(files)
        assert list(verify(files)) == [2]


def test_added_files_join_complete_ones(tmp_path: Path) -> None:
    final = tmp_path / "folder"
    fetch(final, 0, 1)
    before = (final / "a").stat()
    (final / "mine").write_text("not of the torrent")
    with TorrentFiles(DESCRIBED, final, selection(), finalized={0, 1}) as files:
        files.open_partial()
        assert set(tree(files.partial)) == {"b/empty", "c", "d"}
        have = verify(files)
        assert list(have) == [0, 1, 2]
        assert [piece for piece in range(9) if files.is_finalized(PieceIndex(piece))] == [0, 1, 2]
        write(files, range(3, 9))
        files.finish()
        assert verify(files).complete
    assert tree(final) == FOLDER | {"mine": b"not of the torrent"}
    assert (final / "a").stat().st_mtime_ns == before.st_mtime_ns
    assert list(tmp_path.iterdir()) == [final]


def test_bytes_in_the_part_file_count_only_for_their_piece(tmp_path: Path) -> None:
    final = tmp_path / "folder"
    fetch(final, 1)
    with TorrentFiles(DESCRIBED, final, selection(1, 4), finalized={1}) as files:
        files.open_partial()
        assert list(verify(files)) == [1, 2, 3]
        assert files.is_finalized(PieceIndex(2))
        assert not files.is_finalized(PieceIndex(1))
        write(files, [8])
        files.finish()
        assert verify(files) == files.selection.pieces
    assert tree(final) == some("b/b", "d")


@pytest.mark.parametrize("is_linked", [False, True])
def test_a_kill_while_files_are_moved(tmp_path: Path, is_linked: bool) -> None:
    """The last file was not moved yet, or has its new name besides the old one."""
    final = tmp_path / "folder"
    fetch(final, 0)
    with TorrentFiles(DESCRIBED, final, selection(), finalized={0}) as files:
        files.open_partial()
        write(files, range(9))
        with pytest.raises(MinitorrentError):
            files.finish((final / "d").mkdir)
        (final / "d").rmdir()
        if is_linked:
            (final / "d").hardlink_to(files.partial / "d")
    assert set(tree(final)) - {"d"} == {"a", "b/b", "b/empty", "c"}
    with TorrentFiles(DESCRIBED, final, selection(), finalized={0}) as files:
        files.open_partial()
        assert set(tree(files.partial)) == {"d"}
        assert verify(files).complete
        files.finish()
    assert tree(final) == FOLDER


def test_late_obstacles_to_added_files_are_kept(tmp_path: Path) -> None:
    final = tmp_path / "folder"
    fetch(final, 0)
    with TorrentFiles(DESCRIBED, final, selection(0, 4), finalized={0}) as files:
        files.open_partial()
        write(files, list(files.selection.pieces))
        with pytest.raises(MinitorrentError) as caught:
            files.finish(lambda: put(final / "d", b"mine"))
        assert caught.value.code is ErrorCode.FILE_EXISTS
    assert (final / "d").read_text() == "mine"


def test_files_join_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    final = tmp_path / "folder"
    fetch(final, 0)
    with TorrentFiles(DESCRIBED, final, selection(), finalized={0}) as files:
        files.open_partial()
        write(files, range(9))
        files.finish()
    assert tree(final) == FOLDER


def test_added_files_overwrite_nothing(tmp_path: Path) -> None:
    final = tmp_path / "folder"
    fetch(final, 0)
    with TorrentFiles(DESCRIBED, final, selection(0, 4), finalized={0}) as files:
        files.open_partial()
        write(files, list(files.selection.pieces))
        (final / "d").write_text("mine")
        with pytest.raises(MinitorrentError) as raised:
            files.finish()
        assert raised.value.code is ErrorCode.FILE_EXISTS
        assert (final / "d").read_text() == "mine"
        files.discard()
    assert set(tree(final)) == {"a", "d"}
    assert list(tmp_path.iterdir()) == [final]


def test_a_selection_of_empty_files_only(tmp_path: Path) -> None:
    final = tmp_path / "folder"
    fetch(final, 2)
    assert tree(final) == some("b/empty")


def test_the_whole_folder_needs_no_part_file(tmp_path: Path) -> None:
    put(tmp_path / "folder", FOLDER)
    with TorrentFiles(DESCRIBED, tmp_path / "folder", selection()) as files:
        assert is_already_there(files)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
