"""Identifies the state of a file without reading it."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple, Self

from client.core.transfers.resume import FileStamp


class Stamp(NamedTuple):
    """A regular file: its identity, its size (bytes), its times (nanoseconds).

    A program that writes to a file can set `mtime_ns` back afterwards, but not `ctime_ns`, which
    also changes with names and permissions. Both have the resolution of the kernel's clock, which
    is milliseconds. A write through a memory map only shows when the kernel processes it.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the stamp of a file with this status."""
        return cls(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )

    @property
    def file_stamp(self) -> FileStamp:
        """The size and time to record."""
        return FileStamp(self.size, self.mtime_ns)

    def is_of_same_file(self, other: Stamp) -> bool:
        """Return whether both are of one file, whatever happened to its content."""
        return (self.device, self.inode) == (other.device, other.inode)

    def is_of_same_content(self, other: Stamp) -> bool:
        """Return whether both are of one file with one content, unless its time was set back."""
        return self[:4] == other[:4]


def take_stamp(path: str | os.PathLike[str], *, follow: bool = True) -> Stamp | None:
    """Return the stamp of the regular file at `path`, or None if there is none.

    Without `follow`, a symbolic link counts as none. Raises OSError when the check fails.
    """
    try:
        status = os.stat(path, follow_symlinks=follow)  # noqa: PTH116 (a Path would be made first)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp.of(status) if stat.S_ISREG(status.st_mode) else None
