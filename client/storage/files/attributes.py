"""File attributes besides content: time of last modification and the executable bit."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from common.metainfo import MAX_MTIME, FileEntry


def attributes_of(status: os.stat_result) -> tuple[bool, int]:
    """Return whether the owner may execute a file, and its mtime (seconds, never negative)."""
    mtime = status.st_mtime_ns // 1_000_000_000
    return bool(status.st_mode & stat.S_IXUSR), min(max(mtime, 0), MAX_MTIME)


def apply(descriptor: int, file: FileEntry) -> None:
    """Set an open file's attributes as they were when it was shared, where supported.

    Anyone who may read an executable file may execute it, subject to the umask; no other bit is
    ever set. An mtime in the future becomes now: build tools would take the file for always newer.
    """
    with suppress(OSError):  # unsupported there, or not our file
        if file.executable:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            os.fchmod(descriptor, mode | (mode & 0o444) >> 2 & ~_umask())
    with suppress(OSError):  # unsupported there, or not our file
        if file.mtime is not None:
            seconds = min(file.mtime, int(time.time()))
            os.utime(descriptor, (seconds, seconds))


@cache
def _umask() -> int:
    """Return the process's umask: os.umask can only read it by changing it for all threads."""
    with suppress(OSError, ValueError):  # not Linux
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
