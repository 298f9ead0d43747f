"""What tells one state of a file from another without reading it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple, Self

from client.core.resume import FileFact


class Stamp(NamedTuple):
    """A plain file: which one it is, its size (bytes), its times (nanoseconds).

    Whoever writes to a file can set `mtime_ns` back afterwards, but not `ctime_ns`, which changes
    with names and permissions too. The kernel's clock for both moves in steps of milliseconds. A
    write through a memory map shows only when the kernel gets to it.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        return cls(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )

    @property
    def fact(self) -> FileFact:
        """What is recorded of it."""
        return FileFact(self.size, self.mtime_ns)

    def is_of_same_file(self, other: Stamp) -> bool:
        """Whether both are of one file, whatever happened to its content."""
        return (self.device, self.inode) == (other.device, other.inode)

    def is_of_same_content(self, other: Stamp) -> bool:
        """Whether both are of one file with one content, if nobody set its time back."""
        return self[:4] == other[:4]


def take_stamp(path: Path, *, follow: bool = True) -> Stamp | None:
    """The stamp of the plain file at `path`; None when there is none.

    Without `follow` a symbolic link is none. Raises OSError when it can't be found out.
    """
    try:
        status = path.stat(follow_symlinks=follow)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp.of(status) if stat.S_ISREG(status.st_mode) else None
