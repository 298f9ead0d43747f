"""Peers get only right data, whatever happens to the file during the read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from client.net.transports.blocks import stage, staged_size
from client.storage.files.torrent_files import TorrentFiles
from client.torrent.content_source import ContentSource
from common.errors import ErrorCode, MinitorrentError
from common.types import Block, BlockRun, PieceIndex
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import blocks_of
from tests.unit.client.storage.contents import PIECE, await_next_tick, describe, put, random_bytes

CONTENT = random_bytes(4 * PIECE)
BLOCK = PIECE // 8
RUNS = [Block(PieceIndex(0), 0, PIECE), Block(PieceIndex(2), BLOCK, PIECE - BLOCK)]
RIGHT = CONTENT[:PIECE] + CONTENT[2 * PIECE + BLOCK : 3 * PIECE]


class Disturbed(TorrentFiles):
    """Files that something is done to between a read and the look after it, once."""

    reads = looks = 0

    def __init__(self, final: Path) -> None:
        super().__init__(describe(CONTENT), final)
        self.meanwhile: Callable[[], object] = lambda: None

    def read(self, runs: Iterable[Block], buffers: Sequence[memoryview]) -> None:
        self.reads += 1
        super().read(runs, buffers)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()

    def look(self, runs: Iterable[Block]) -> None:
        self.looks += 1
        super().look(runs)


class Serving:
    """A shared file and its source; `failed` and `damaged` are its reports."""

    def __init__(self, path: Path) -> None:
        self.path = path
        put(path, CONTENT)
        await_next_tick(path)
        self.files = Disturbed(path)
        self.files.open_complete()
        self.failed: list[ErrorCode] = []
        self.damaged = 0
        self.source = ContentSource(self.files, self._fail, self._damage)

    def read(self) -> bytes:
        """Return the bytes sent to a peer that requests RUNS."""
        buffer = bytearray(len(RIGHT))
        self.source.read(RUNS, [memoryview(buffer)])
        return bytes(buffer)

    def write(self, data: bytes, *, quietly: bool = False) -> None:
        """Overwrite the content's beginning; `quietly` sets the time back."""
        before = self.path.stat().st_mtime_ns
        with self.path.open("r+b") as stream:
            stream.write(data)
        os.utime(self.path, ns=(before, before if quietly else before + 1))

    def _fail(self, error: MinitorrentError) -> None:
        self.failed.append(error.code)

    def _damage(self) -> None:
        self.damaged += 1


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path / "f")
    assert serving.read() == RIGHT
    serving.files.reads = serving.files.looks = 0
    yield serving
    serving.files.close()


def test_many_blocks_are_read_and_checked_at_once(serving: Serving) -> None:
    runs = [BlockRun(piece, 0, PIECE // BLOCK, BLOCK) for piece in (1, 3)]
    buffer = memoryview(bytearray(staged_size(runs)))
    stage(runs, serving.source, buffer)
    assert buffer == b"".join(
        piece_header(block) + CONTENT[block.piece * PIECE + block.begin :][:BLOCK]
        for block in blocks_of(runs)
    )
    assert (serving.files.reads, serving.files.looks) == (1, 1)
    serving.source.check(RUNS)
    assert (serving.files.reads, serving.files.looks) == (1, 2)


@pytest.mark.parametrize("when", ["before the read", "before the look"])
@pytest.mark.parametrize(
    "change",
    [
        lambda serving: serving.write(b"wrong"),
        lambda serving: os.truncate(serving.path, 3 * PIECE),
        lambda serving: serving.path.unlink(),
    ],
)
def test_a_changed_file_is_not_sent(
    serving: Serving, change: Callable[[Serving], None], when: str
) -> None:
    if when == "before the read":
        change(serving)
    else:
        serving.files.meanwhile = lambda: change(serving)
    with pytest.raises(OSError, match=r"changed|moved or deleted"):
        serving.read()
    assert serving.failed == [ErrorCode.FILE_CHANGED]
    with pytest.raises(OSError, match=r"changed|moved or deleted"):
        serving.source.check(RUNS)


@pytest.mark.parametrize("when", ["before the read", "before the look"])
def test_a_change_with_its_time_set_back_is_not_sent(serving: Serving, when: str) -> None:
    if when == "before the read":
        serving.write(b"wrong", quietly=True)
    else:
        serving.files.meanwhile = lambda: serving.write(b"wrong", quietly=True)
    with pytest.raises(OSError, match="piece 0 is wrong"):
        serving.read()
    assert serving.damaged == 1
    with pytest.raises(OSError, match="piece 0 is wrong"):
        serving.source.check(RUNS)


def test_a_harmless_touch_rereads_the_content(serving: Serving) -> None:
    serving.files.meanwhile = lambda: serving.path.chmod(0o600)
    assert serving.read() == RIGHT
    assert serving.files.reads == 2
    assert not (serving.failed or serving.damaged)


def test_reopened_content_is_read_again(serving: Serving) -> None:
    def reopen() -> None:
        serving.files.open_complete()
        serving.source.check(RUNS)

    serving.files.meanwhile = reopen
    assert serving.read() == RIGHT
    assert serving.files.reads == 2


def test_content_wrong_only_during_a_read_is_read_again(serving: Serving) -> None:
    """Even if another peer's thread has found it right again before this one looks."""

    def restore() -> None:
        serving.write(CONTENT[:5], quietly=True)
        serving.source.check(RUNS)

    serving.write(b"wrong", quietly=True)
    serving.files.meanwhile = restore
    assert serving.read() == RIGHT
    assert serving.files.reads == 2
