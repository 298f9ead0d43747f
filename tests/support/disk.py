"""Small disks for tests to fill."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.needs import require


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of `size` bytes at `folder`, which is created.

    Skips the test, or fails in CI, where this process may not: it needs Linux, and root.
    """
    require(root=True)
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "minitorrent-test", str(folder)], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave no space at all; return the file that takes it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return ballast


@contextmanager
def failing_disk(folder: Path, size: int, really: int) -> Iterator[Path]:
    """Mount a disk at `folder` that claims to have `size` bytes, of which only `really` exist.

    Writes succeed; bringing them to the disk fails. As `small_disk`, it needs root.
    """
    with ExitStack() as stack:
        outer = stack.enter_context(small_disk(folder.with_name(f"{folder.name} image"), really))
        image = outer / "image"
        with image.open("wb") as file:
            file.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", str(image)], check=True)
        folder.mkdir()
        subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)
        stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
        yield folder
