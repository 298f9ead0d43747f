"""Whether a disk has room for what is still to come, and waiting for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from client.storage.mount_point import standing
from client.storage.os_errors import shown, translating
from common.errors import ErrorCode, MinitorrentError

INTERVAL: Final = 1.0
PATIENT_INTERVAL: Final = 300.0
"""Seconds between looks at a full disk; the second when it says that it has room, so that
something else, such as a quota, must be in the way."""


def require_room(name: str, final: Path, needed: int) -> None:
    """Raises MinitorrentError(disk_full) unless `needed` bytes fit beside `final`."""
    missing = _missing(final, needed)
    if missing:
        folder = shown(standing(final.parent))
        raise MinitorrentError(
            ErrorCode.DISK_FULL,
            f"{missing:,} bytes are missing on the disk of {folder}: {name!r} needs "
            f"{needed:,} more; make room or choose another destination.",
        )


class SpaceWait:
    """When to look again whether a full disk has space for a download."""

    def __init__(self) -> None:
        self._look_at = 0.0

    def begin(
        self, error: MinitorrentError, final: Path, needed: int, now: float
    ) -> MinitorrentError:
        """The disk was full; returns what the user is to be told (bytes missing, if known)."""
        missing = _missing(final, needed)
        self._look_at = now + (INTERVAL if missing else PATIENT_INTERVAL)
        if not missing:
            return MinitorrentError(error.code, error.message)  # without what its frames hold
        folder = shown(standing(final.parent))
        return MinitorrentError(
            ErrorCode.DISK_FULL,
            f"The disk is full: {missing:,} bytes are missing at {folder}; make "
            "room, and it goes on by itself.",
        )

    def is_over(self, final: Path, needed: int, now: float) -> bool:
        """Whether there is space by now; looks at the disk every now and then."""
        if now < self._look_at:
            return False
        self._look_at = now + INTERVAL
        return not _missing(final, needed)


def _missing(final: Path, needed: int) -> int:
    """How many of `needed` bytes the disk under `final` has no room for; 0 when it has."""
    folder = standing(final.parent)
    with translating(folder):
        return max(needed - shutil.disk_usage(folder).free, 0)
