"""Finds moved content by its hashes, whatever its name is now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from client.core.transfers.resume import FileStamps
from client.storage.files.content import take_file_stamp, take_stamps
from client.storage.files.torrent_files import TorrentFiles
from client.storage.pieces.piece_scan import Progress
from client.storage.recheck import is_already_there
from common.metainfo import Metainfo

MAX_LOOKED_AT: Final = 200_000
"""Files and folders checked below the one where the search begins."""


def find_content(
    metainfo: Metainfo, where: Path, progress: Progress | None = None
) -> tuple[Path, FileStamps] | None:
    """Return the path of the content, at or below `where`, and its files' stamps; or None.

    Candidates with the right sizes are hashed. `progress` gets (bytes visited, total bytes) for
    each of them. Raises MinitorrentError when the disk fails.
    """
    for path in _places(metainfo, where):
        stamps = take_stamps(path, metainfo.files, is_folder=metainfo.is_folder)  # before hashing
        if stamps.sizes != tuple(0 if file.is_padding else file.length for file in metainfo.files):
            continue
        with TorrentFiles(metainfo, path) as files:
            if is_already_there(files, progress):
                return path, stamps
    return None


def _places(metainfo: Metainfo, where: Path) -> Iterator[Path]:
    """Yield paths to check, the likeliest first."""
    yield where
    if os.path.isdir(where):  # noqa: PTH112 - never raises
        yield where / metainfo.name
        yield from _places_below(metainfo, where)


def _places_below(metainfo: Metainfo, where: Path) -> Iterator[Path]:
    entries = islice(_entries(where, folders=metainfo.is_folder), MAX_LOOKED_AT)
    if metainfo.is_folder:
        yield from entries
        return
    length = metainfo.files[0].length
    yield from (path for path in entries if take_file_stamp(path).size == length)


def _entries(where: Path, *, folders: bool) -> Iterator[Path]:
    """Yield all folders below this one, or all files.

    Skips what can't be read, and names that are not valid Unicode: they could be neither shown
    nor recorded.
    """
    for folder, inside, names in os.walk(where):
        inside[:] = sorted(filter(_is_text, inside))
        for name in sorted(inside if folders else filter(_is_text, names)):
            yield Path(folder, name)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
