"""What the files on disk looked like when a record was made, and whether to believe the record.

A record of verified pieces is believed exactly when no file changed since: a download that was
killed between writing and recording, and files that somebody else touched, look changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple


class FileFact(NamedTuple):
    """A file's size (bytes) and time of last modification (nanoseconds)."""

    size: int
    mtime_ns: int


MISSING = FileFact(-1, -1)
"""Stands for a file that isn't there, or isn't a plain file."""


@dataclass(frozen=True)
class FileStamps:
    """The facts of all files of some content, in their order."""

    files: tuple[FileFact, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The files' sizes (bytes), -1 for a missing one."""
        return tuple(fact.size for fact in self.files)

    def to_text(self) -> str:
        """A compact form for the database."""
        return json.dumps(self.files, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> FileStamps:
        """Read what `to_text` made; raises ValueError when it is anything else."""
        try:
            return cls(tuple(FileFact(int(size), int(mtime)) for size, mtime in json.loads(text)))
        except (TypeError, OverflowError) as error:
            raise ValueError("these are no file facts") from error


def is_believed(recorded: FileStamps | None, found: FileStamps) -> bool:
    """Whether the verified pieces recorded with `recorded` count, given the facts found now.

    When they don't, the pieces on disk have to be hashed again.
    """
    return recorded is not None and MISSING not in found.files and recorded == found
