"""Verifies and writes received pieces in worker threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from enum import Enum, auto

import structlog

from client.core.swarm.actions import Action
from client.core.swarm.piece_download import PieceDownload
from client.core.swarm.swarm import Swarm
from client.storage.files.torrent_files import TorrentFiles
from client.torrent.torrent_context import Workers
from common.errors import ErrorCode, MinitorrentError

log = structlog.get_logger(__name__)


class _Result(Enum):
    """What a worker has made of a piece."""

    RIGHT = auto()
    WRONG = auto()
    UNWRITTEN = auto()


class PieceWriter:
    """The pieces of one torrent on their way to the disk; `lock` is the torrent's.

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
        self._idle = threading.Condition(lock)

    def close(self) -> None:
        """Don't report the completion any more; call it under the lock."""
        self._is_over = True

    def wait_idle(self, timeout: float) -> None:
        """Wait until no piece is being written; call it under the lock."""
        self._idle.wait_for(lambda: not self.writing, timeout)

    def submit(self, download: PieceDownload) -> None:
        """Have a worker verify and write a piece; blocks while many are waiting."""

        def failed(error: Exception) -> None:
            known = error if isinstance(error, MinitorrentError) else None
            report = log.info if known else log.error  # the user gets to see the known ones
            report("a piece could not be written", error=str(error), piece=download.index)
            self._finish(download, _Result.UNWRITTEN)
            self._failed(known or MinitorrentError(ErrorCode.INTERNAL, f"Can't write: {error}."))

        with self._lock:
            self.writing += 1
        self._workers.submit(lambda: self._check_and_write(download), failed)

    def _check_and_write(self, download: PieceDownload) -> None:
        is_on_disk = self._swarm.have[download.index]  # another copy of it was faster
        right = is_on_disk or self._files.write_verified(download.index, download.buffer)
        self._finish(download, _Result.RIGHT if right else _Result.WRONG)

    def _finish(self, download: PieceDownload, result: _Result) -> None:
        with self._lock:
            if result is _Result.RIGHT:
                self._perform(self._swarm.verified(download))
            else:
                actions = self._swarm.failed(download)
                if result is _Result.WRONG:  # otherwise it is not its sender's fault
                    self._perform(actions)
            self.writing -= 1
            self._idle.notify_all()
            # A copy of a piece that is still being written would look like a change of the file.
            ends = self._swarm.complete and not (self.writing or self._is_over)
            self._is_over = self._is_over or ends
        if ends:
            self._completed()
