"""What the files on disk looked like when a record was made, and whether to trust the record.

A record of verified pieces is trusted only if no file has changed since. After a download that was
killed between writing and recording, or a change by another program, the files look changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple


class FileStamp(NamedTuple):
    """A file's size (bytes) and time of last modification (nanoseconds)."""

    size: int
    mtime_ns: int


MISSING = FileStamp(-1, -1)
"""Stands for a file that is missing or isn't a regular file."""


@dataclass(frozen=True)
class FileStamps:
    """The sizes and modification times of all files of some content, in order."""

    files: tuple[FileStamp, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The files' sizes (bytes), -1 for a missing one."""
        return tuple(file_stamp.size for file_stamp in self.files)

    def to_text(self) -> str:
        """Return a compact form for the database."""
        return json.dumps(self.files, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> FileStamps:
        """Parse the output of `to_text`; raises ValueError for anything else."""
        try:
            return cls(tuple(FileStamp(int(size), int(mtime)) for size, mtime in json.loads(text)))
        except (TypeError, OverflowError) as error:
            raise ValueError("not a list of file stamps") from error


def is_believed(recorded: FileStamps | None, found: FileStamps) -> bool:
    """Return whether the pieces verified with the stamps `recorded` count, given those found now.

    Otherwise the pieces on disk have to be hashed again.
    """
    return recorded is not None and MISSING not in found.files and recorded == found
