"""Real refusals of the operating system."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def without_descriptors() -> Iterator[None]:
    """Let this process open nothing more inside the block: EMFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be a user with restricted permissions inside the block: EACCES. Root becomes nobody."""
    if os.getuid() != 0:
        yield
        return
    os.setresgid(_NOBODY, _NOBODY, 0)
    os.setresuid(_NOBODY, _NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that every user may enter and read; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="minitorrent-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for path, folders, _ in os.walk(folder):
            for name in folders:
                Path(path, name).chmod(0o700)
        shutil.rmtree(folder)


def bytes_read() -> int:
    """What this process has read so far, from the page cache or the disk."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(lines[0].removeprefix("rchar: "))
