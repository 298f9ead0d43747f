"""Reads small files that a user names, without ever blocking on pipes or devices."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from client.storage.paths.os_errors import shown, translating
from client.storage.paths.safe_open import open_beneath
from common.errors import ErrorCode, MinitorrentError
from common.text import size


def read_plain(path: Path, limit: int) -> bytes:
    """Return all bytes of the regular file at `path`, which may be a symbolic link.

    Raises MinitorrentError: usage for a folder, a pipe, a device and the like, and for more than
    `limit` bytes; otherwise what the system reports.
    """
    with translating(path):
        # Checked before opening, too: opening alone activates some devices.
        if not stat.S_ISREG(path.stat().st_mode):
            raise no_plain_file(path)
        with os.fdopen(open_beneath(path, (), os.O_RDONLY), "rb") as stream:
            data = stream.read(limit + 1) or b""  # None where reading would block
    if len(data) > limit:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{shown(path)} is too large; the limit is {size(limit)}."
        )
    return data


def no_plain_file(path: Path) -> MinitorrentError:
    """Return the error for a folder, a pipe, a device or the like."""
    return MinitorrentError(
        ErrorCode.USAGE, f"{shown(path)} is not a regular file; give the path of one."
    )
