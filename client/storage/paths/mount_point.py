"""Free space of a folder's disk, and whether the folder is writable."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from client.core.health.measurements import DiskMeasurements
from client.descriptors import wait_for_descriptor

_TRIAL = b"minitorrent"
"""What is written to a folder to see whether that works."""


def nearest_existing(folder: Path) -> Path:
    """Return the folder, or its nearest existing parent."""
    return next(above for above in (folder, *folder.parents) if above.exists())


def measure(folder: Path, needed: int) -> DiskMeasurements:
    """Write a few bytes to an unnamed file in `folder`, which needs space for `needed` bytes."""
    there = nearest_existing(folder)
    device, free, error = there.stat().st_dev, 0, None
    try:
        free = shutil.disk_usage(there).free
        with wait_for_descriptor(lambda: tempfile.TemporaryFile(dir=there)) as trial:
            trial.write(_TRIAL)
            trial.flush()
    except OSError as failure:
        error = failure.strerror or str(failure)
    return DiskMeasurements(str(there), device, free, needed, error)
