"""What is written is brought to the disk while more is written, and never said to be there before.

Some of it on a disk that takes what it has no place for.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from client.storage.files.torrent_files import TorrentFiles
from client.storage.files.write_back import WriteBack
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex
from tests.support.disk import failing_disk
from tests.support.waiting import wait_until
from tests.unit.client.storage.contents import PIECE, describe, random_bytes, write_all, write_piece

MIB = 1 << 20
NEVER = 3600.0
CONTENT = random_bytes(4 * PIECE)


class Written:
    """Content that can be told to stay in its sync, or to fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.syncs = 0
        self.error = error
        self.may_end = threading.Event()
        self.may_end.set()

    def sync(self) -> None:
        self.syncs += 1
        assert self.may_end.wait(20)
        if self.error is not None:
            raise self.error


@pytest.fixture
def by_size() -> Iterator[WriteBack]:
    """A WriteBack that syncs from 100 bytes on."""
    made = WriteBack(time.monotonic, 100, NEVER)
    yield made
    made.close()


@pytest.fixture
def by_age() -> Iterator[WriteBack]:
    """A WriteBack that syncs at once, whatever the size."""
    made = WriteBack(time.monotonic, 1 << 40, 0.0)
    yield made
    made.close()


def is_running() -> bool:
    return any(thread.name == "write-back" for thread in threading.enumerate())


# --- when -------------------------------------------------------------------------------------
def test_there_is_no_thread_before_anything_is_written(by_size: WriteBack) -> None:
    assert not is_running()
    by_size.wrote(Written(), 1)
    assert is_running()
    by_size.close()
    assert not is_running()
    by_size.wrote(Written(), 1000)
    assert not is_running(), "it is closed"


def test_from_a_size_on_the_content_with_most_is_synced(by_size: WriteBack) -> None:
    few, many, later = Written(), Written(), Written()
    by_size.wrote(few, 40)
    by_size.wrote(many, 59)
    by_size.wrote(many, 1)
    wait_until(lambda: many.syncs, what="the sync of the larger one")
    by_size.wrote(later, 60)
    wait_until(lambda: later.syncs, what="the next sync")
    assert (few.syncs, many.syncs, later.syncs) == (0, 1, 1)


def test_what_is_written_during_a_sync_is_synced_by_the_next_one(by_size: WriteBack) -> None:
    content = Written()
    content.may_end.clear()
    by_size.wrote(content, 100)
    wait_until(lambda: content.syncs, what="the first sync")
    by_size.wrote(content, 100)
    content.may_end.set()
    wait_until(lambda: content.syncs == 2, what="the second sync")


def test_what_its_caller_syncs_is_not_synced_again(by_size: WriteBack) -> None:
    content, other = Written(), Written()
    by_size.wrote(content, 99)
    by_size.forget(content)
    by_size.forget(content)
    by_size.wrote(content, 1)
    by_size.wrote(other, 99)
    wait_until(lambda: other.syncs, what="the other's sync")
    assert not content.syncs


def test_old_content_is_synced_whatever_its_size(by_age: WriteBack) -> None:
    content = Written()
    by_age.wrote(content, 1)
    wait_until(lambda: content.syncs, what="its sync")


def test_slow_syncs_of_little_leave_the_disk_some_rest() -> None:
    now = [0.0]

    class Slow(Written):
        def sync(self) -> None:
            now[0] += 10.0  # seconds that it takes
            super().sync()

    def clock() -> float:
        return now[0]

    write_back = WriteBack(clock, 100, 0.0)
    first, second, large = Slow(), Written(), Written()
    try:
        write_back.wrote(first, 1)
        wait_until(lambda: first.syncs, what="the first sync")
        write_back.wrote(second, 1)
        write_back.wrote(large, 100)
        wait_until(lambda: large.syncs, what="the sync that can't wait")
        assert not second.syncs, "its turn is in 40 s"
        now[0] += 40.0
        write_back.wrote(large, 100)  # wakes it up
        wait_until(lambda: second.syncs, what="the sync after the rest")
    finally:
        write_back.close()


def test_failures_end_nothing(by_age: WriteBack) -> None:
    lost = Written(MinitorrentError(ErrorCode.DISK_FULL, "It is full."))
    broken, right = Written(ValueError("a bug")), Written()
    with capture_logs() as logs:
        for content in (lost, broken, right):
            by_age.wrote(content, 1)
        wait_until(lambda: right.syncs, what="the last sync")
    assert [entry["log_level"] for entry in logs] == ["info", "error"]


# --- what is on the disk ----------------------------------------------------------------------
class Gate:
    """Stands in for fdatasync: holds the thread of the write-back, and nobody else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_reached, self._opened = threading.Event(), threading.Event()
        self.synced = 0
        self._sync = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self._wait)

    def _wait(self, descriptor: int) -> None:
        if threading.current_thread().name == "write-back":
            self.is_reached.set()
            assert self._opened.wait(20)
        self._sync(descriptor)
        self.synced += 1

    def open(self) -> None:
        self._opened.set()


def test_nothing_counts_as_synced_before_the_background_sync_has_ended(
    tmp_path: Path, by_age: WriteBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    with TorrentFiles(describe(CONTENT), tmp_path / "f", write_back=by_age) as files:
        files.open_partial()
        write_piece(files, PieceIndex(0), memoryview(CONTENT)[:PIECE])
        assert gate.is_reached.wait(20)
        with ThreadPoolExecutor(1) as pool:
            sync = pool.submit(files.sync)
            write_piece(files, PieceIndex(1), memoryview(CONTENT)[PIECE : 2 * PIECE])
            assert not (sync.done() or gate.synced), "it is not on disk"
            gate.open()
            sync.result(20)
            assert gate.synced


def test_little_is_left_for_the_last_sync(tmp_path: Path, by_size: WriteBack) -> None:
    with TorrentFiles(describe(CONTENT), tmp_path / "f", write_back=by_size) as files:
        files.open_partial()
        write_all(files, CONTENT)
        files.finish()
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_closed_files_are_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    gate.open()
    write_back, written = WriteBack(time.monotonic, 2 * PIECE, NEVER), Written()
    with TorrentFiles(describe(CONTENT), tmp_path / "f", write_back=write_back) as files:
        files.open_partial()
        write_piece(files, PieceIndex(0), memoryview(CONTENT)[:PIECE])
    write_back.wrote(written, 2 * PIECE - 1)
    write_back.wrote(written, 1)
    wait_until(lambda: written.syncs, what="another sync")
    write_back.close()
    assert not gate.synced


# --- a disk that fails ------------------------------------------------------------------------
LARGE = random_bytes(12 * MIB, 7)
_LARGE_PIECE = MIB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MiB that really has 5."""
    with failing_disk(tmp_path / "disk", 32 * MIB, 5 * MIB) as folder:
        yield folder


def fails(call: Callable[[], object]) -> None:
    """Check that a call fails because of the disk."""
    with pytest.raises(MinitorrentError) as caught:
        call()
    assert caught.value.code in (ErrorCode.DISK_FULL, ErrorCode.PERMISSION_DENIED), caught.value


def test_what_a_background_sync_has_lost_stays_lost(disk: Path) -> None:
    described = describe(LARGE, piece_length=_LARGE_PIECE)
    write_back = WriteBack(time.monotonic, len(LARGE), NEVER)
    first = memoryview(LARGE)[:_LARGE_PIECE]
    try:
        with TorrentFiles(described, disk / "f", write_back=write_back) as files:
            files.open_partial()
            write_all(files, LARGE)
            wait_until(lambda: files.have_lost, what="the disk to fail")
            fails(lambda: write_piece(files, PieceIndex(0), first))
            fails(files.sync)
            fails(files.finish)
            assert not (disk / "f").exists()
        with TorrentFiles(described, disk / "f", write_back=write_back) as again:
            again.open_partial()
            assert not again.have_lost
            right = [again.prove(PieceIndex(n)) for n in range(described.piece_count)]
            assert not all(right), "what is lost must not be believed from memory"
    finally:
        write_back.close()


def test_what_the_last_sync_has_lost_stays_lost(disk: Path) -> None:
    with TorrentFiles(describe(LARGE, piece_length=_LARGE_PIECE), disk / "f") as files:
        files.open_partial()
        write_all(files, LARGE)
        fails(files.finish)
        fails(files.finish)
        fails(files.sync)
        assert not (disk / "f").exists()
