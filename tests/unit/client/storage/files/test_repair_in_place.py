"""Existing files are repaired in place; what is right stays, and links are not followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.storage.files.torrent_files import TorrentFiles
from client.storage.recheck import verify
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex
from tests.unit.client.storage.contents import (
    PIECE,
    describe,
    put,
    read_all,
    tree,
    write_piece,
)
from tests.unit.client.storage.files.proof import CONTENT, FOLDER, prove


def repaired(tmp_path: Path, there: bytes) -> tuple[Bitfield, bytes]:
    """Return the right pieces of `there`, and the final content."""
    put(tmp_path / "f", there)
    identity = (tmp_path / "f").stat().st_ino
    with TorrentFiles(describe(CONTENT), tmp_path / "f") as files:
        files.open_partial(in_place=True)
        assert not files.has_partial
        have = verify(files)
        for piece in have.missing():
            start = piece * PIECE
            write_piece(files, PieceIndex(piece), memoryview(CONTENT)[start : start + PIECE])
        assert read_all(files) == CONTENT
        files.finish(lambda: prove(files))
        assert files.sizes_are_right()
    assert (tmp_path / "f").stat().st_ino == identity
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    return have, (tmp_path / "f").read_bytes()


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (b"", list(range(9))),
        (CONTENT[: 3 * PIECE + 1], list(range(3, 9))),
        (b"x" + CONTENT[1:], [0]),
        (CONTENT + b"too long", []),
        (CONTENT, []),
    ],
)
def test_a_file_is_repaired_in_place(tmp_path: Path, there: bytes, missing: list[int]) -> None:
    have, result = repaired(tmp_path, there)
    assert list(have.missing()) == missing
    assert result == CONTENT


def test_surplus_bytes_are_truncated_only_at_the_end(tmp_path: Path) -> None:
    put(tmp_path / "f", CONTENT + b"too long")
    with TorrentFiles(describe(CONTENT), tmp_path / "f") as files:
        files.open_partial(in_place=True)
        write_piece(files, PieceIndex(0), memoryview(CONTENT)[:PIECE])
        files.discard()
    assert (tmp_path / "f").read_bytes() == CONTENT + b"too long", "a cancel keeps what was there"


def test_a_folder_is_repaired_in_place(tmp_path: Path) -> None:
    put(tmp_path / "f", {"a": FOLDER["a"][:-1] + b"?", "c": b"c" * 99, "mine": b"precious"})
    with TorrentFiles(describe(FOLDER), tmp_path / "f") as files:
        files.open_partial(in_place=True)
        assert (files.partial / "d" / "b").exists(), "what is missing comes under another name"
        have = verify(files)
        assert list(have) == [0, 1]
        for piece in have.missing():
            start = piece * PIECE
            data = b"".join(FOLDER.values())[start : start + PIECE]
            write_piece(files, PieceIndex(piece), memoryview(data))
        assert not (tmp_path / "f" / "d").exists()
        files.finish(lambda: prove(files))
    assert tree(tmp_path / "f") == {**FOLDER, "mine": b"precious"}
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_abandoning_a_repair_keeps_existing_data(tmp_path: Path) -> None:
    there = {"a": FOLDER["a"][:-1] + b"?", "c": b"c" * 99}
    put(tmp_path / "f", there)
    with TorrentFiles(describe(FOLDER), tmp_path / "f") as files:
        files.open_partial(in_place=True)
        files.discard()
    assert tree(tmp_path / "f") == there
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_links_are_not_written_to(tmp_path: Path) -> None:
    put(tmp_path / "real", b"precious")
    (tmp_path / "hard").hardlink_to(tmp_path / "real")
    (tmp_path / "soft").symlink_to("real")
    for name, code in (("hard", ErrorCode.FILE_EXISTS), ("soft", ErrorCode.PERMISSION_DENIED)):
        with TorrentFiles(describe(CONTENT), tmp_path / name) as files:
            with pytest.raises(MinitorrentError) as caught:
                files.open_partial(in_place=True)
            assert caught.value.code is code
    assert (tmp_path / "real").read_bytes() == b"precious"
