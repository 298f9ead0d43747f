"""Finds out which pieces on disk are right."""

from __future__ import annotations

import threading
from collections.abc import Callable

from client.storage.files.torrent_files import TorrentFiles
from client.storage.pieces.piece_scan import Progress, scan_pieces
from common.bitfield import Bitfield
from common.errors import MinitorrentError
from common.types import PieceIndex


def verify(
    files: TorrentFiles,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    among: Bitfield | None = None,
) -> Bitfield:
    """Return the wanted pieces on disk, or those `among` them, that have the right hash.

    Missing and short files just lack theirs; holes of sparse files are not read. `progress` gets
    (bytes visited, total bytes), in the calling thread. Raises piece_scan.StoppedError once
    `cancelled` returns True.
    """
    geometry, wanted = files.metainfo.geometry, among or files.selection.pieces
    found = Bitfield(geometry.piece_count)
    files.doubt(wanted)
    lock = threading.Lock()

    def visit(index: PieceIndex, scratch: memoryview) -> None:
        if wanted[index] and is_right(index, scratch):
            with lock:
                found.add(index)

    def is_right(index: PieceIndex, scratch: memoryview) -> bool:
        try:
            return files.prove(index, scratch)
        except MinitorrentError:  # its files are missing, too short, or changing
            return False

    scan_pieces(geometry, visit, progress, cancelled)
    return found


def is_already_there(
    files: TorrentFiles,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> bool:
    """Return whether exactly this content is at the final path; `files` is then open for seeding.

    That is so when the user has it from elsewhere, and when the program was killed between
    renaming a finished download and recording that. Raises piece_scan.StoppedError.
    """
    try:
        files.open_complete()
    except MinitorrentError:
        return False
    if not files.sizes_are_right():
        return False
    have = verify(files, progress, cancelled)
    return not any(True for _ in files.selection.lacking(have))
