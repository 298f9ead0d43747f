"""Verifies and writes received pieces in worker threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Final

import structlog

from client.core.swarm.actions import Action
from client.core.swarm.piece_download import PieceDownload
from client.core.swarm.swarm import Swarm
from client.storage.files.torrent_files import TorrentFiles
from client.torrent.torrent_context import Workers
from common.errors import ErrorCode, MinitorrentError

log = structlog.get_logger(__name__)


_MOST: Final = 8
"""Pieces of a torrent between its readers and the disk, at most; others wait to be submitted.

So many are written together at most; others hear of them only when all are on the disk.
"""


class _Result(Enum):
    """What a worker has made of a piece."""

    RIGHT = auto()
    WRONG = auto()
    UNWRITTEN = auto()


class PieceWriter:
    """The pieces of one torrent on their way to the disk; `lock` is the torrent's.

    Workers hash pieces side by side, but one of them at a time writes what is right, several pieces
    together. Otherwise the others would wait for their turn at the file instead of hashing.

    Reports each piece to the `swarm`, and passes the actions that it returns to `perform`, under
    the lock. Outside of it, calls `completed` once, when every wanted piece is written and no
    other is being written, and `failed` with the error of a piece that could not be written.
    """

    def __init__(
        self,
        files: TorrentFiles,
        workers: Workers,
        swarm: Swarm,
        lock: threading.Lock,
        perform: Callable[[Sequence[Action]], object],
        completed: Callable[[], None],
        failed: Callable[[MinitorrentError], None],
    ) -> None:
        self.writing = 0  # pieces that wait for a worker, or that one works on
        self._files = files
        self._workers = workers
        self._swarm = swarm
        self._lock = lock
        self._perform = perform
        self._completed = completed
        self._failed = failed
        self._is_over = swarm.complete  # complete, and the owner knows it; or closed
        self._done = threading.Condition(lock)  # notified when pieces are
        self._queueing = threading.Lock()  # guards the next two; never held while writing
        self._right: list[PieceDownload] = []  # pieces to be written
        self._has_writer = False

    def close(self) -> None:
        """Don't report the completion any more; call it under the lock."""
        self._is_over = True

    def wait_idle(self, timeout: float) -> None:
        """Wait until no piece is being written; call it under the lock."""
        self._done.wait_for(lambda: not self.writing, timeout)

    def submit(self, download: PieceDownload) -> None:
        """Have a worker verify and write a piece; blocks while many are waiting."""
        with self._lock:
            self._done.wait_for(lambda: self.writing < _MOST)
            self.writing += 1
        self._workers.submit(
            lambda: self._check_and_write(download), lambda error: self._give_up(download, error)
        )

    def _check_and_write(self, download: PieceDownload) -> None:
        if self._swarm.have[download.index]:  # another copy of it was faster
            self._finish([download], _Result.RIGHT)
        elif not self._files.is_right(download.index, download.buffer):
            self._finish([download], _Result.WRONG)
        elif self._queue(download):
            while batch := self._next_batch():
                self._write(batch)

    def _queue(self, download: PieceDownload) -> bool:
        """Queue a right piece to be written; returns whether the caller is to write the queue."""
        with self._queueing:
            self._right.append(download)
            begins, self._has_writer = not self._has_writer, True
            return begins

    def _next_batch(self) -> list[PieceDownload]:
        """Remove and return pieces to be written; after an empty batch, the caller has to stop."""
        with self._queueing:
            batch, self._right = self._right, []
            self._has_writer = bool(batch)
            return batch

    def _write(self, batch: list[PieceDownload]) -> None:
        try:
            self._files.write_pieces([(download.index, download.buffer) for download in batch])
            self._finish(batch, _Result.RIGHT)
        except Exception as error:
            if len(batch) == 1:
                self._give_up(batch[0], error)
                return
            for download in batch:  # others than the one that failed may fit
                self._write([download])

    def _give_up(self, download: PieceDownload, error: Exception) -> None:
        known = error if isinstance(error, MinitorrentError) else None
        report = log.info if known else log.error  # the user gets to see the known ones
        report("a piece could not be written", error=str(error), piece=download.index)
        self._finish([download], _Result.UNWRITTEN)
        self._failed(known or MinitorrentError(ErrorCode.INTERNAL, f"Can't write: {error}."))

    def _finish(self, downloads: Sequence[PieceDownload], result: _Result) -> None:
        with self._lock:
            for download in downloads:
                if result is _Result.RIGHT:
                    self._perform(self._swarm.verified(download))
                else:
                    actions = self._swarm.failed(download)
                    if result is _Result.WRONG:  # otherwise it is not its sender's fault
                        self._perform(actions)
            self.writing -= len(downloads)
            self._done.notify_all()
            # A copy of a piece that is still being written would look like a change of the file.
            ends = self._swarm.complete and not (self.writing or self._is_over)
            self._is_over = self._is_over or ends
        if ends:
            self._completed()
