from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from client.storage.files.source import scan
from client.storage.hashing import hash_source
from client.storage.pieces.piece_scan import READ_SIZE, StoppedError, scan_pieces
from common.errors import ErrorCode, MinitorrentError
from common.geometry import KIB, Geometry
from tests.unit.client.storage.contents import PIECE, describe, put, random_bytes


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        random_bytes(PIECE - 1),
        random_bytes(PIECE),
        random_bytes(PIECE + 1),
        random_bytes(50 * PIECE),
        {"a": b"", "b": random_bytes(40_000), "c": b"", "d/e": random_bytes(5), "f": b"x"},
        {f"{n:03}": random_bytes(100, n) for n in range(300)},
        {"a": b"", "b": b""},
    ],
)
def test_hashes_are_those_of_the_pieces(
    tmp_path: Path, content: bytes | Mapping[str, bytes]
) -> None:
    put(tmp_path / "f", content)
    assert hash_source(scan(tmp_path / "f"), PIECE) == describe(content).pieces


@pytest.mark.parametrize("piece_length", [KIB, READ_SIZE - 1, READ_SIZE, READ_SIZE + 1, 2**20])
def test_any_piece_length(tmp_path: Path, piece_length: int) -> None:
    content = random_bytes(3 * READ_SIZE + 11)
    put(tmp_path / "f", content)
    expected = [
        hashlib.sha1(content[start : start + piece_length]).digest()
        for start in range(0, len(content), piece_length)
    ]
    assert hash_source(scan(tmp_path / "f"), piece_length) == b"".join(expected)


def test_progress_runs_to_the_end(tmp_path: Path) -> None:
    put(tmp_path / "f", random_bytes(10 * PIECE + 1))
    seen: list[tuple[int, int]] = []
    hash_source(scan(tmp_path / "f"), PIECE, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10 * PIECE + 1, 10 * PIECE + 1)
    assert seen == sorted(seen)


def test_stopping_in_the_middle_leaves_no_thread() -> None:
    before = set(threading.enumerate())  # other tests' clients may still be closing
    stopping = threading.Event()
    visited: list[int] = []

    def visit(index: int, _: memoryview) -> None:
        visited.append(index)
        assert stopping.wait(10)

    def cancelled() -> bool:
        if visited:
            stopping.set()
        return bool(visited)

    with pytest.raises(StoppedError):
        scan_pieces(Geometry(10_000 * KIB, KIB), visit, None, cancelled)
    assert 0 < len(visited) < 10_000
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("hash")]


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    put(tmp_path / "f", random_bytes(10 * PIECE))
    for changed in (random_bytes(10 * PIECE, 2), b"", random_bytes(11 * PIECE)):
        source = scan(tmp_path / "f")
        (tmp_path / "f").write_bytes(changed)
        with pytest.raises(MinitorrentError) as caught:
            hash_source(source, PIECE)
        assert caught.value.code is ErrorCode.FILE_CHANGED
        put(tmp_path / "f", random_bytes(10 * PIECE))


def test_a_file_that_vanishes(tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    source = scan(tmp_path / "f")
    (tmp_path / "f").unlink()
    with pytest.raises(MinitorrentError) as caught:
        hash_source(source, PIECE)
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND


def test_content_that_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(MinitorrentError) as caught:
        hash_source(scan(tmp_path / "f"), KIB)
    assert caught.value.code is ErrorCode.USAGE
