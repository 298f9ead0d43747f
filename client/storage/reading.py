"""Reads small files that a user names, without ever waiting for one that is no plain file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from client.storage.os_errors import shown, translating
from client.storage.safe_open import open_beneath
from common.errors import ErrorCode, MinitorrentError


def read_plain(path: Path, most: int) -> bytes:
    """All bytes of the plain file at `path`, which may be a link to one.

    Raises MinitorrentError: usage for a folder, a pipe, a device and the like, and for more than
    `most` bytes; otherwise what the system says.
    """
    with translating(path):
        # Asked before it is opened, too: opening alone sets some devices going.
        if not stat.S_ISREG(path.stat().st_mode):
            raise no_plain_file(path)
        with os.fdopen(open_beneath(path, (), os.O_RDONLY), "rb") as stream:
            data = stream.read(most + 1) or b""  # nothing at all where it would have to wait
    if len(data) > most:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{shown(path)} is too large; at most {most:,} bytes are read."
        )
    return data


def no_plain_file(path: Path) -> MinitorrentError:
    """The error for a folder, a pipe, a device or the like."""
    return MinitorrentError(
        ErrorCode.USAGE, f"{shown(path)} is not a plain file; give the path of one."
    )
