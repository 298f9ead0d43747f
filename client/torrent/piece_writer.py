"""Hashes, verifies and writes received pieces in worker threads."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from client.core.swarm.piece_download import PieceDownload
from client.storage.files.torrent_files import TorrentFiles
from client.torrent.torrent_context import Workers
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex

log = structlog.get_logger(__name__)


class PieceWriter:
    """Writes the pieces of one torrent.

    `has` returns, without blocking, whether a piece is verified and written. A worker calls
    `written` for each piece: True if it is right, False if wrong, None if it could not be
    written. `failed` gets the error in that case.
    """

    def __init__(
        self,
        files: TorrentFiles,
        workers: Workers,
        has: Callable[[PieceIndex], bool],
        written: Callable[[PieceDownload, bool | None], None],
        failed: Callable[[MinitorrentError], None],
    ) -> None:
        self._files = files
        self._workers = workers
        self._has = has
        self._written = written
        self._failed = failed

    def submit(self, download: PieceDownload) -> None:
        """Have a worker verify and write a piece; blocks while many are waiting."""

        def failed(error: Exception) -> None:
            known = error if isinstance(error, MinitorrentError) else None
            report = log.info if known else log.error  # the user gets to see the known ones
            report("a piece could not be written", error=str(error), piece=download.index)
            self._written(download, None)
            self._failed(known or MinitorrentError(ErrorCode.INTERNAL, f"Can't write: {error}."))

        self._workers.submit(lambda: self._check_and_write(download), failed)

    def _check_and_write(self, download: PieceDownload) -> None:
        is_on_disk = self._has(download.index)  # another copy of it was faster
        right = is_on_disk or self._files.write_verified(download.index, download.buffer)
        self._written(download, right)
