"""Opens and creates files inside a content's folder without ever leaving it.

Names are checked when metainfo is parsed, but another program may plant a symbolic link in a
folder that is still being filled. So every step below the root is relative to the folder before,
and links are refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from client.descriptors import wait_for_descriptor
from client.storage.paths.os_errors import shown
from common.errors import ErrorCode, MinitorrentError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A device or FIFO must not block the thread that opens it before it is recognized.
_FILE = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_MODE = 0o666  # of a new file, before the user's umask; `attributes` sets the rest


def open_beneath(root: Path, parts: Sequence[str], flags: int) -> int:
    """Open the file `parts` inside the folder `root`, or `root` itself when `parts` is empty.

    Only `root` may be a symbolic link, unless `flags` contains O_NOFOLLOW. Returns a descriptor.
    Raises OSError, and MinitorrentError(usage) unless it is a regular file.
    """
    if not parts:
        return _checked(_open(root, flags | _FILE), root)
    folder = open_folder(root, parts[:-1], nofollow=flags & os.O_NOFOLLOW)
    try:
        path = root.joinpath(*parts)
        return _checked(_open(parts[-1], flags | _FILE | os.O_NOFOLLOW, folder), path)
    finally:
        os.close(folder)


def open_folder(
    root: Path, parts: Sequence[str], *, nofollow: int = os.O_NOFOLLOW, make: bool = False
) -> int:
    """Open the folder `parts` inside the folder `root`; returns a descriptor, raises OSError.

    With `make`, missing folders below `root` are created.
    """
    folder = _open(root, _FOLDER | nofollow)
    for part in parts:
        folder = _step(folder, part, make=make)
    return folder


def sync_folder(path: Path) -> None:
    """Wait until the names in the folder are on disk; raises OSError."""
    folder = _open(path, _FOLDER)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _open(path: str | Path, flags: int, folder: int | None = None) -> int:
    """Open `path` in the folder with this descriptor; waits for a free descriptor if necessary."""
    return wait_for_descriptor(lambda: os.open(path, flags, _MODE, dir_fd=folder))


def _step(folder: int, part: str, *, make: bool) -> int:
    """Open a subfolder and return its descriptor; `folder` is closed, also on failure."""
    try:
        if make:
            with suppress(FileExistsError):  # it need not be made
                os.mkdir(part, dir_fd=folder)
        return _open(part, _FOLDER | os.O_NOFOLLOW, folder)
    finally:
        os.close(folder)


def _checked(descriptor: int, path: Path) -> int:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise MinitorrentError(ErrorCode.USAGE, f"{shown(path)} is not a regular file.")
