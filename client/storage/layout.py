"""Where each file of some content lies, when not all of them are wanted or done.

    wanted file, on its way       under the temporary name
    wanted file, done             under the final name
    wanted file, mended in place  under the final name, and written there
    unwanted file                 nowhere; what comes of it with a neighbour's piece is kept *aside*
    padding (BEP 47)              nowhere: it is all zeros

What is kept aside is one hidden, sparse file as long as the content, with every byte where it is in
the content, so that pieces at the edge of a wanted file can be verified and given to others.
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
"""Stands for the number of a file in a span of zeros that lies nowhere."""

READ = os.O_RDONLY
WRITE = os.O_RDWR | os.O_NOFOLLOW


class Place(NamedTuple):
    """A file: the path `parts` inside the folder `root`, or `root` itself; to open with `flags`."""

    root: Path
    parts: tuple[str, ...]
    flags: int

    @property
    def path(self) -> Path:
        return self.root.joinpath(*self.parts)


@dataclass
class Layout:
    """Where the `files` of some content lie: at `root` but for those that are `placed` at `final`.

    `wanted` are the numbers of the files that are to be there, None for all of them. `aside` is
    where the bytes of others are kept. With `in_place` those that are placed are not done yet.
    """

    root: Path
    final: Path
    files: tuple[FileEntry, ...]
    is_folder: bool
    flags: int = READ
    wanted: Collection[int] | None = None
    placed: set[int] = field(default_factory=set)
    in_place: bool = False
    aside: Path | None = None

    def __post_init__(self) -> None:
        self._map = FileMap([file.length for file in self.files])
        self._has_padding = any(file.is_padding for file in self.files)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the files that are to be there."""
        count = range(len(self.files))
        wanted = count if self.wanted is None else self.wanted
        return [n for n in count if n in wanted and not self.files[n].is_padding]

    def place(self, number: int) -> Place:
        """Where a file lies; one behind the last stands for what is kept aside."""
        if number == len(self.files):
            return Place(self.aside or self.root, (), self.flags)
        parts = self.files[number].path if self.is_folder else ()
        if number in self.placed:
            return Place(self.final, parts, self.flags if self.in_place else READ)
        return Place(self.root, parts, self.flags)

    def is_written(self, number: int) -> bool:
        """Whether the file may still be written to."""
        return self.in_place or number not in self.placed

    def length(self, number: int) -> int:
        """How long the file has to be (bytes)."""
        return self._map.length if number == len(self.files) else self.files[number].length

    def extent(self, number: int) -> tuple[int, int]:
        """Where a file starts and ends in the content (bytes); what is aside may be anywhere."""
        if number == len(self.files):
            return 0, self._map.length
        start = self._map.start(number)
        return start, start + self.files[number].length

    def spans(self, offset: int, length: int) -> list[FileSpan]:
        """The run of content, file by file; what belongs to unwanted files lies aside."""
        found = self._map.spans(offset, length)
        if self.wanted is None and not self._has_padding:
            return found
        return list(map(self._placed_span, found))

    def _placed_span(self, span: FileSpan) -> FileSpan:
        if self.files[span.file].is_padding:
            return FileSpan(PADDING, span.offset, span.length)
        if self.wanted is None or span.file in self.wanted:
            return span
        start = self._map.start(span.file) + span.offset
        return FileSpan(len(self.files), start, span.length)
