"""Workers hash pieces side by side; one of them writes what is right, several pieces together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from client.core.swarm.piece_download import PieceDownload
from client.core.swarm.swarm import Swarm
from client.storage.files.torrent_files import TorrentFiles
from client.storage.pieces.worker import WorkerPool
from client.torrent import piece_writer
from client.torrent.piece_writer import PieceWriter
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex
from tests.support.swarm.memory import Memory
from tests.support.together import running
from tests.support.waiting import wait_until
from tests.unit.client.storage.contents import PIECE, describe, random_bytes

PIECES = 5
CONTENT = random_bytes(PIECES * PIECE)


class Reports:
    """Stands for the swarm: what it is told of each piece."""

    def __init__(self) -> None:
        self.have: dict[int, bool] = dict.fromkeys(range(PIECES), False)
        self.wrong: list[int] = []

    @property
    def complete(self) -> bool:
        return all(self.have.values())

    def verified(self, download: PieceDownload) -> list[object]:
        self.have[download.index] = True
        return []

    def failed(self, download: PieceDownload) -> list[object]:
        self.wrong.append(download.index)
        return []


class Held(TorrentFiles):
    """Files whose first write waits; pieces in `refused` can't be written."""

    batches: list[list[int]]
    refused: set[int]
    may_write: threading.Event

    def write_pieces(self, pieces: Sequence[tuple[PieceIndex, memoryview]]) -> None:
        """See TorrentFiles."""
        numbers = [int(index) for index, _ in pieces]
        self.batches.append(numbers)
        assert self.may_write.wait(10.0)
        if self.refused & set(numbers):
            raise MinitorrentError(ErrorCode.DISK_FULL, "It is full.")
        super().write_pieces(pieces)


class Bench:
    """A writer with two workers, and what it reported."""

    def __init__(self, files: Held, workers: WorkerPool) -> None:
        self.files = files
        self.swarm = Reports()
        self.errors: list[str] = []
        self.completed = threading.Event()
        self.writer = PieceWriter(
            files,
            workers,
            cast(Swarm, self.swarm),
            threading.Lock(),
            perform=lambda actions: None,
            completed=self.completed.set,
            failed=lambda error: self.errors.append(error.message),
        )

    def submit(self, number: int, data: bytes | None = None) -> None:
        """Submit a piece, right unless it has other `data`."""
        buffer = Memory(PIECE)
        start = number * PIECE
        buffer.view[:] = data or CONTENT[start : start + PIECE]
        self.writer.submit(PieceDownload(PieceIndex(number), buffer))


@contextmanager
def bench(folder: Path, *refused: int) -> Iterator[Bench]:
    """A bench whose first write waits for `may_write`."""
    workers = WorkerPool(threads=2)
    with Held(describe(CONTENT), folder / "content") as files:
        files.batches, files.refused, files.may_write = [], set(refused), threading.Event()
        files.open_partial()
        try:
            yield Bench(files, workers)
        finally:
            files.may_write.set()
            assert workers.close()


def test_while_one_writes_others_hash_and_their_pieces_are_written_together(tmp_path: Path) -> None:
    with bench(tmp_path) as found:
        found.submit(0)
        wait_until(lambda: found.files.batches == [[0]], what="the first write to begin")
        for number in (1, 2, 3):
            found.submit(number)
        found.submit(4, bytes(PIECE))
        wait_until(lambda: found.swarm.wrong == [4], what="the wrong piece to be hashed")
        found.submit(4)
        wait_until(lambda: len(found.writer._right) == 4, what="the others to be hashed")
        assert not any(found.swarm.have.values())
        found.files.may_write.set()
        assert found.completed.wait(10.0)
        first, second = found.files.batches
        assert (first, sorted(second)) == ([0], [1, 2, 3, 4])
        assert found.files.path.read_bytes() == CONTENT
        assert not found.errors


def test_a_piece_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    with bench(tmp_path, 2) as found:
        found.submit(0)
        wait_until(lambda: found.files.batches == [[0]], what="the first write to begin")
        for number in (1, 2, 3):
            found.submit(number)
        wait_until(lambda: len(found.writer._right) == 3, what="the others to be hashed")
        found.files.may_write.set()
        wait_until(lambda: not found.writer.writing, what="all to be tried")
        assert [number for number, there in found.swarm.have.items() if there] == [0, 1, 3]
        assert (found.swarm.wrong, found.errors) == ([2], ["It is full."])
        assert not found.completed.is_set()
        assert [found.files.is_proven(PieceIndex(n)) for n in range(4)] == [True, True, False, True]


def test_while_many_pieces_wait_to_be_written_others_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piece_writer, "_MOST", PIECES - 1)
    with bench(tmp_path) as found:
        for number in range(PIECES - 1):
            found.submit(number)
        with running([lambda: found.submit(PIECES - 1)]):
            wait_until(lambda: len(found.writer._right) == PIECES - 2, what="all to be hashed")
            assert found.writer.writing == PIECES - 1
            found.files.may_write.set()
            assert found.completed.wait(10.0)
    assert found.files.path.read_bytes() == CONTENT
