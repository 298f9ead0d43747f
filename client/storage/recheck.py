"""Finds out which pieces on disk are right."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

from client.storage.files import TorrentFiles
from client.storage.sweep import Progress, hash_piece, sweep
from common.bitfield import Bitfield
from common.errors import MinitorrentError
from common.metainfo import Metainfo
from common.types import PieceIndex


def verify(
    files: TorrentFiles,
    metainfo: Metainfo,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Bitfield:
    """The wanted pieces on disk that have the right hash; missing and short files just lack theirs.

    Holes of sparse files are not read. `progress` gets (bytes gone over, bytes in all), in the
    calling thread. Raises sweep.StoppedError when `cancelled` says so.
    """
    geometry, wanted = metainfo.geometry, files.goal.pieces
    found = Bitfield(geometry.piece_count)
    lock = threading.Lock()
    zeros = {
        size: hashlib.sha1(bytes(size), usedforsecurity=False).digest()
        for size in {geometry.piece_size(PieceIndex(n)) for n in _ends(geometry.piece_count)}
    }

    def is_right(index: PieceIndex, scratch: memoryview) -> bool:
        size = geometry.piece_size(index)
        try:
            if files.is_hole(index):
                digest = zeros[size]
            else:
                digest = hash_piece(
                    size, lambda begin, buffer: files.read_into(index, begin, buffer), scratch
                )
        except MinitorrentError:
            return False
        return digest == metainfo.piece_hash(index)

    def visit(index: PieceIndex, scratch: memoryview) -> None:
        if wanted[index] and is_right(index, scratch):
            with lock:
                found.add(index)

    sweep(geometry, visit, progress, cancelled)
    return found


def is_already_there(
    files: TorrentFiles,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> bool:
    """Whether exactly this content lies at the final path; `files` is then open for seeding.

    That is so when the user has it from elsewhere, and when the program was killed between
    giving a finished download its name and recording that. Raises sweep.StoppedError.
    """
    try:
        files.open_complete()
    except MinitorrentError:
        return False
    if not files.sizes_are_right():
        return False
    have = verify(files, files.metainfo, progress, cancelled)
    return not any(True for _ in files.goal.lacking(have))


def _ends(count: int) -> set[int]:
    """The first and the last piece: all but the last are of one size."""
    return {0, count - 1} if count else set()
