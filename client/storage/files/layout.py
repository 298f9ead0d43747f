"""Where each file of some content is, when not all of them are wanted or finished.

    wanted file, incomplete        under the temporary name
    wanted file, finished          under the final name
    wanted file, repaired in place under the final name, and written there
    unwanted file                  doesn't exist; bytes of it in wanted pieces are in the part file
    padding (BEP 47)               doesn't exist: it is all zeros

The part file is hidden, sparse, and as long as the content, with every byte at its offset in the
content, so that pieces at the edge of a wanted file can be verified and uploaded.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from common.geometry import FileMap, FileSpan
from common.metainfo import FileEntry

PADDING = -1
"""The file number of spans of zeros that are not stored on disk."""

READ = os.O_RDONLY
WRITE = os.O_RDWR | os.O_NOFOLLOW


class Place(NamedTuple):
    """A file: the path `parts` inside the folder `root`, or `root` itself; to open with `flags`."""

    root: Path
    parts: tuple[str, ...]
    flags: int

    @property
    def path(self) -> Path:
        """The whole path."""
        return self.root.joinpath(*self.parts)


@dataclass
class Layout:
    """Where the `files` of some content are: at `root`, or at `final` once they are `finalized`.

    `wanted` are the numbers of the files that should exist, None for all of them. `part_file` is
    the path for bytes of the others. With `in_place`, finalized files are still written.
    """

    root: Path
    final: Path
    files: tuple[FileEntry, ...]
    is_folder: bool
    flags: int = READ
    wanted: Collection[int] | None = None
    finalized: set[int] = field(default_factory=set)
    in_place: bool = False
    part_file: Path | None = None

    def __post_init__(self) -> None:
        self._map = FileMap([file.length for file in self.files])
        self._has_padding = any(file.is_padding for file in self.files)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the files that should exist."""
        count = range(len(self.files))
        wanted = count if self.wanted is None else self.wanted
        return [n for n in count if n in wanted and not self.files[n].is_padding]

    @property
    def part_number(self) -> int:
        """The number that stands for the part file, after those of all files."""
        return len(self.files)

    def place(self, number: int) -> Place:
        """Return where a file, or the part file, is."""
        if number == self.part_number:
            return Place(self.part_file or self.root, (), self.flags)
        parts = self.files[number].path if self.is_folder else ()
        if number in self.finalized:
            return Place(self.final, parts, self.flags if self.in_place else READ)
        return Place(self.root, parts, self.flags)

    def is_written(self, number: int) -> bool:
        """Return whether the file may still be written to."""
        return self.in_place or number not in self.finalized

    def length(self, number: int) -> int:
        """Return the length that the file must have, in bytes."""
        return self._map.length if number == self.part_number else self.files[number].length

    def extent(self, number: int) -> tuple[int, int]:
        """Return where a file begins and ends in the content; all of it for the part file."""
        if number == self.part_number:
            return 0, self._map.length
        start = self._map.start(number)
        return start, start + self.files[number].length

    def spans(self, offset: int, length: int) -> list[FileSpan]:
        """Return a run of content, file by file; bytes of unwanted files are in the part file."""
        found = self._map.spans(offset, length)
        if self.wanted is None and not self._has_padding:
            return found
        return list(map(self._stored_span, found))

    def _stored_span(self, span: FileSpan) -> FileSpan:
        if self.files[span.file].is_padding:
            return FileSpan(PADDING, span.offset, span.length)
        if self.wanted is None or span.file in self.wanted:
            return span
        start = self._map.start(span.file) + span.offset
        return FileSpan(self.part_number, start, span.length)
