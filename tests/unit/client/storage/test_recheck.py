from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from client.storage.files.torrent_files import TorrentFiles
from client.storage.pieces.piece_scan import StoppedError
from client.storage.recheck import is_already_there, verify
from common.bitfield import Bitfield
from common.metainfo import FileEntry, Metainfo, build_info, encode, parse
from common.types import PieceIndex
from tests.support.refusals import bytes_read
from tests.unit.client.storage.contents import (
    PIECE,
    describe,
    put,
    random_bytes,
    write_all,
    write_piece,
)

CONTENT = random_bytes(10 * PIECE + 77)
FOLDER = {"a": random_bytes(PIECE, 1), "b/c": random_bytes(2 * PIECE, 2), "d": b"", "e": b"end"}


def complete(metainfo: Metainfo, final: Path) -> Bitfield:
    with TorrentFiles(metainfo, final) as files:
        files.open_complete()
        return verify(files)


def test_all_pieces_are_right(tmp_path: Path) -> None:
    put(tmp_path / "f", CONTENT)
    assert complete(describe(CONTENT), tmp_path / "f").complete
    put(tmp_path / "d", FOLDER)
    assert complete(describe(FOLDER), tmp_path / "d").complete
    put(tmp_path / "empty", b"")
    assert complete(describe(b""), tmp_path / "empty") == Bitfield(0)


def test_only_right_pieces_count(tmp_path: Path) -> None:
    metainfo = describe(CONTENT)
    with TorrentFiles(metainfo, tmp_path / "f") as files:
        files.open_partial()
        assert verify(files).count == 0
        write_all(files, CONTENT)
        with files.partial.open("r+b") as file:
            file.seek(4 * PIECE)
            file.write(bytes(PIECE))
            file.seek(7 * PIECE + 5)
            file.write(bytes([CONTENT[7 * PIECE + 5] ^ 1]))
        assert set(verify(files).missing()) == {4, 7}


def test_short_and_missing_files(tmp_path: Path) -> None:
    put(tmp_path / "f", CONTENT)
    os.truncate(tmp_path / "f", 3 * PIECE - 1)
    assert list(complete(describe(CONTENT), tmp_path / "f")) == [0, 1]
    put(tmp_path / "d", FOLDER)
    (tmp_path / "d" / "b" / "c").unlink()
    assert list(complete(describe(FOLDER), tmp_path / "d")) == [0, 3]


def test_a_short_file_of_zeros_lacks_its_end(tmp_path: Path) -> None:
    content = bytes(4 * PIECE)
    with (tmp_path / "f").open("wb") as file:
        file.truncate(3 * PIECE + 1)
    assert list(complete(describe(content), tmp_path / "f")) == [0, 1, 2]


def test_holes_of_zeros_are_right_without_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    length, piece_length = 5 * 2**30 + 100, 2**20
    zero = hashlib.sha1(bytes(piece_length)).digest()
    data = random_bytes(piece_length)
    pieces = bytearray(zero * 5120 + hashlib.sha1(bytes(100)).digest())
    pieces[1000 * 20 : 1001 * 20] = hashlib.sha1(data).digest()
    pieces[2000 * 20 : 2001 * 20] = hashlib.sha1(data).digest()
    info = build_info(
        "f",
        [FileEntry(("f",), length)],
        piece_length,
        bytes(pieces),
        source=None,
        is_folder=False,
    )
    metainfo = parse(encode(info))
    with TorrentFiles(metainfo, tmp_path / "f") as files:
        files.open_partial()
        write_piece(files, PieceIndex(1000), memoryview(data))
        before = bytes_read()
        assert list(verify(files).missing()) == [2000]
        assert bytes_read() - before < 4 * piece_length


def test_existing_content_is_recognised(tmp_path: Path) -> None:
    for name, content in (("f", CONTENT), ("d", FOLDER), ("empty", b"")):
        with TorrentFiles(describe(content), tmp_path / name) as files:
            assert not is_already_there(files)
            files.open_partial()
            write_all(files, content)
            assert not is_already_there(files)
            files.open_partial()
            files.finish()
        with TorrentFiles(describe(content), tmp_path / name) as files:
            assert is_already_there(files)
            assert files.path == tmp_path / name
    with (tmp_path / "f").open("ab") as file:
        file.write(b"more")
    (tmp_path / "d" / "e").write_bytes(b"END")
    (tmp_path / "empty").unlink()
    (tmp_path / "empty").mkdir()
    for name, content in (("f", CONTENT), ("d", FOLDER), ("empty", b"")):
        with TorrentFiles(describe(content), tmp_path / name) as files:
            assert not is_already_there(files)


def test_stopping_and_progress(tmp_path: Path) -> None:
    metainfo = describe(CONTENT)
    put(tmp_path / "f", CONTENT)
    seen: list[tuple[int, int]] = []
    with TorrentFiles(metainfo, tmp_path / "f") as files:
        files.open_complete()
        verify(files, lambda done, total: seen.append((done, total)))
        assert seen[-1] == (len(CONTENT), len(CONTENT))
        with pytest.raises(StoppedError):
            verify(files, cancelled=lambda: True)
