"""Which pieces of a torrent to download: all, or those that contain the selected files.

A piece at the edge of a selected file also contains bytes of the adjacent file: it is downloaded
whole, but only the bytes of selected files count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from client.core.transfers.download_options import DownloadOptions
from common.bitfield import Bitfield
from common.geometry import FileMap, Geometry
from common.metainfo import Metainfo
from common.types import PieceIndex


class PieceSelection:
    """The wanted pieces of content with files of these `lengths` (bytes, in order).

    `chosen` are the numbers of the wanted files, None for all. Entries in `padding` are no files,
    and their bytes never count. With `sequential`, pieces are downloaded from first to last,
    otherwise the rarest first; in any case, those with bytes of the files in `first` before all
    others, and those that have only bytes of the files in `last` after them.
    """

    def __init__(
        self,
        geometry: Geometry,
        lengths: Sequence[int],
        chosen: Iterable[int] | None = None,
        *,
        padding: frozenset[int] = frozenset(),
        sequential: bool = False,
        first: frozenset[int] = frozenset(),
        last: frozenset[int] = frozenset(),
    ) -> None:
        self.sequential = sequential
        self._lengths = tuple(lengths)
        self._geometry = geometry
        self._map = FileMap(lengths)
        everything = frozenset(range(len(lengths))) - padding
        self.files = everything if chosen is None else everything.intersection(chosen)
        self._padded: Counter[int] = Counter()  # bytes of padding in the pieces that have some
        for file in padding:
            for piece, size in self._pieces_of(file, lengths[file]):
                self._padded[piece] += size
        self.is_everything = self.files == everything
        self.length = sum(lengths[file] for file in self.files)
        full = Bitfield.full(geometry.piece_count)
        self.pieces = full if self.is_everything else self._pieces_with(self.files)
        self.tiers = self._make_tiers(self.files & first, self.files & last)

    def _pieces_with(self, files: Iterable[int]) -> Bitfield:
        """Return the pieces that contain bytes of one of these files."""
        found = Bitfield(self._geometry.piece_count)
        for file in files:
            for piece, _ in self._pieces_of(file, self._lengths[file]):
                found.add(PieceIndex(piece))
        return found

    def _make_tiers(self, first: frozenset[int], last: frozenset[int]) -> tuple[Bitfield, ...]:
        """Return the wanted pieces in the order in which they are downloaded; no tier is empty."""
        if not (first or last):
            return (self.pieces,)
        early, normal = self._pieces_with(first), self._pieces_with(self.files - first - last)
        tiers = [Bitfield(self._geometry.piece_count) for _ in range(3)]
        for piece in self.pieces:
            tiers[0 if early[piece] else 1 if normal[piece] else 2].add(PieceIndex(piece))
        return tuple(tier for tier in tiers if tier.count) or (self.pieces,)

    def _pieces_of(self, file: int, length: int) -> Iterator[tuple[int, int]]:
        """Yield the pieces that contain bytes of a file, and how many bytes each contains."""
        start, size = self._map.start(file), self._geometry.piece_length
        end = start + length
        for piece in range(start // size, -(-end // size) if length else 0):
            yield piece, min(end, (piece + 1) * size) - max(start, piece * size)

    @classmethod
    def all_of(cls, geometry: Geometry) -> PieceSelection:
        """Select everything, rarest first, whatever files the content consists of."""
        return cls(geometry, [geometry.length])

    def size_of(self, piece: PieceIndex) -> int:
        """Return how many bytes of the piece belong to wanted files."""
        size = self._geometry.piece_size(piece)
        if self.is_everything:
            return size - self._padded[piece]
        spans = self._map.spans(self._geometry.offset(piece), size)
        return sum(span.length for span in spans if span.file in self.files)

    def done(self, have: Bitfield) -> int:
        """Return how many bytes of wanted files these pieces contain."""
        if self.is_everything:
            padded = sum(size for piece, size in self._padded.items() if have[piece])
            return self._geometry.bytes_in(have) - padded
        return sum(self.size_of(PieceIndex(piece)) for piece in have)

    def done_by_file(self, have: Bitfield) -> list[int]:
        """Return how many bytes of each file these pieces contain."""
        done = [0] * len(self._lengths)
        for piece in have:
            index = PieceIndex(piece)
            size = self._geometry.piece_size(index)
            for span in self._map.spans(self._geometry.offset(index), size):
                done[span.file] += span.length
        return done

    def lacking(self, have: Bitfield) -> Iterable[int]:
        """Return the wanted pieces that are not in `have`, in order."""
        return (piece for piece in have.missing() if self.pieces[piece])


def selection_of(metainfo: Metainfo, options: DownloadOptions) -> PieceSelection:
    """Return the pieces of a torrent that these options select."""
    paths = paths_of(metainfo)
    return PieceSelection(
        metainfo.geometry,
        [file.length for file in metainfo.files],
        match(options.only, paths) if options.only else None,
        padding=metainfo.padding,
        sequential=options.sequential,
        first=match(options.first, paths),
        last=match(options.last, paths),
    )


def finalized_by(metainfo: Metainfo, options: DownloadOptions) -> frozenset[int]:
    """Return the numbers of the files that were completed under earlier options."""
    return match(options.finalized, paths_of(metainfo)) - metainfo.padding


def widened(
    metainfo: Metainfo, options: DownloadOptions, asked: DownloadOptions, *, complete: bool
) -> DownloadOptions:
    """Merge the options of a download with those of a repeated request for it.

    Order and files only add up; the priority stays. When the download is `complete`, the files it
    selected keep their place.
    """
    only = tuple(dict.fromkeys(options.only + asked.only)) if options.only and asked.only else ()
    wider = replace(
        options,
        only=only,
        sequential=options.sequential or asked.sequential,
        first=asked.first or options.first,
        last=asked.last or options.last,
    )
    if selection_of(metainfo, wider).files == selection_of(metainfo, options).files:
        return replace(wider, only=options.only)
    return replace(wider, finalized=options.only) if complete else wider


def paths_of(metainfo: Metainfo) -> list[str]:
    """Return the files' paths inside the folder, as patterns match them; "" for padding."""
    return ["/".join(file.path) for file in metainfo.files]


def match(patterns: Collection[str], paths: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the paths that match one of the patterns.

    `*` matches anything, including slashes, `?` one character, `[abc]` one of several. A pattern
    that names a folder matches everything in it. Case counts.
    """
    found = set[int]()
    names = [name for pattern in patterns if (name := _literal(pattern)) is not None]
    if names:
        found |= _named(names, paths)
    for pattern in patterns:
        if _literal(pattern) is not None:
            continue
        inside = pattern.rstrip("/") + "/*"
        found |= {
            number
            for number, path in enumerate(paths)
            if fnmatchcase(path, pattern) or fnmatchcase(path, inside)
        }
    return frozenset(found)


_ESCAPED = re.compile(r"\[([*?[])\]")
"""A character as `glob.escape` writes it."""


def _literal(pattern: str) -> str | None:
    """Return the only name that a pattern matches, without a slash at its end; None if any."""
    if set("*?[") & set(_ESCAPED.sub("", pattern)):
        return None
    return _ESCAPED.sub(r"\1", pattern).rstrip("/")


def _named(names: Iterable[str], paths: Sequence[str]) -> set[int]:
    """Return the numbers of the paths that have one of these names, or are in such a folder.

    There may be as many names as paths, and tens of thousands of both.
    """
    wanted, found = frozenset(names), set[int]()
    for number, path in enumerate(paths):
        end = len(path)
        while end > 0:
            if path[:end] in wanted:
                found.add(number)
                break
            end = path.rfind("/", 0, end)
    return found
