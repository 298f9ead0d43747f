"""Checks that a disk has enough space for a download, and waits until it has."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from client.storage.paths.mount_point import nearest_existing
from client.storage.paths.os_errors import shown, translating
from common.errors import ErrorCode, MinitorrentError
from common.text import size

INTERVAL: Final = 1.0
PATIENT_INTERVAL: Final = 300.0
"""Seconds between checks of a full disk; the longer one when the disk reports enough space, so
that something else, such as a quota, must be the reason."""


def free_bytes(folder: Path) -> int:
    """Return the bytes that a user may still write to a folder's disk."""
    return shutil.disk_usage(folder).free


class DiskSpace:
    """Compares what downloads need with what their disks have; `free` returns a folder's bytes."""

    def __init__(self, free: Callable[[Path], int] = free_bytes) -> None:
        self._free = free

    def missing(self, final: Path, needed: int) -> int:
        """Return how many of `needed` bytes don't fit on the disk of `final`; 0 when all do."""
        folder = nearest_existing(final.parent)
        with translating(folder):
            return max(needed - self._free(folder), 0)

    def require(self, name: str, final: Path, needed: int) -> None:
        """Raise MinitorrentError(disk_full) unless `needed` bytes fit beside `final`."""
        missing = self.missing(final, needed)
        if missing:
            advice = "Free some space or choose another destination."
            raise _disk_full(final, repr(name), needed, missing, advice)


class SpaceWait:
    """Decides when to check again whether a full disk has space for a download."""

    def __init__(self, disk: DiskSpace) -> None:
        self._disk = disk
        self._look_at = 0.0

    def begin(
        self, error: MinitorrentError, final: Path, needed: int, now: float
    ) -> MinitorrentError:
        """Start to wait after a disk-full error; returns the error to show to the user."""
        missing = self._disk.missing(final, needed)
        self._look_at = now + (INTERVAL if missing else PATIENT_INTERVAL)
        if not missing:
            return MinitorrentError(error.code, error.message)  # without the traceback's frames
        advice = "Free some space, and it resumes automatically."
        return _disk_full(final, "the download", needed, missing, advice)

    def is_over(self, final: Path, needed: int, now: float) -> bool:
        """Return whether there is enough space now; checks the disk now and then."""
        if now < self._look_at:
            return False
        self._look_at = now + INTERVAL
        return not self._disk.missing(final, needed)


def _disk_full(final: Path, what: str, needed: int, missing: int, advice: str) -> MinitorrentError:
    folder = shown(nearest_existing(final.parent))
    return MinitorrentError(
        ErrorCode.DISK_FULL,
        f"Not enough space in {folder}: {what} needs {size(needed)}, "
        f"{size(needed - missing)} free. {advice}",
    )
