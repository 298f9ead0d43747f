"""Watching this tracker's health, so that telling it costs nothing and never waits."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from tracker.domain.health import Health, Measurements, assess
from tracker.services.lifecycle import Lifecycle
from tracker.store.presence.trackers import FRESH_SECONDS


class HealthMonitor:
    """Remembers what was last measured; what it tells comes from memory. Thread-safe.

    `folders` are those whose disks must have space.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        folders: Sequence[Path],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lifecycle = lifecycle
        self._folders = folders
        self._steady = steady
        self._read_at = steady()
        self._disk: tuple[int | None, float] = (None, steady())
        self.is_draining = False
        """Set when the tracker hands its clients over."""

        self.measure_disk()

    def measure_disk(self) -> None:
        """Measure the free space; call this now and then. May wait for a disk."""
        free: int | None = None
        with suppress(OSError):
            free = min(shutil.disk_usage(folder).free for folder in self._folders)
        self._disk = (free, self._steady())

    def note_read(self) -> None:
        """Note that the database was read just now."""
        self._read_at = self._steady()

    def is_ok(self) -> bool:
        """Return whether the tracker is healthy."""
        return self.assess().is_ok

    def disk_free(self) -> int:
        """Bytes free on the fullest disk, 0 if it can't be told."""
        return self._disk[0] or 0

    def read_age(self) -> float:
        """Seconds since the database was last read for events."""
        return self._steady() - self._read_at

    def assess(self) -> Health:
        """Return the health at the moment."""
        free, measured_at = self._disk
        return assess(
            Measurements(
                beat_age=self._lifecycle.beat_age(),
                is_beat_failing=self._lifecycle.is_beat_failing,
                fresh=FRESH_SECONDS,
                read_age=self.read_age(),
                disk_free=free,
                disk_age=self._steady() - measured_at,
                is_draining=self.is_draining,
            )
        )

    def describe(self, health: Health) -> dict[str, object]:
        """Return a health as JSON, with the figures behind it."""
        return {
            **asdict(health),
            "heartbeat_seconds": round(self._lifecycle.beat_age(), 1),
            "disk_free_bytes": self._disk[0],
        }
