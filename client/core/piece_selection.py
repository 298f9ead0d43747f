"""What of a torrent is to be fetched: all of it, or the pieces that hold chosen files.

A piece at the edge of a chosen file belongs to its neighbour, too: it is fetched whole, but only
the bytes of chosen files count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from client.core.download_options import DownloadOptions
from common.bitfield import Bitfield
from common.geometry import FileMap, Geometry
from common.metainfo import Metainfo
from common.types import PieceIndex


class PieceSelection:
    """The pieces that are wanted of content with files of these `lengths` (bytes, in order).

    `chosen` are the numbers of the wanted files, None for all. Those in `padding` are no files, and
    their bytes never count. With `in_order` the pieces are
    fetched from the first to the last, otherwise the rarest first.
    """

    def __init__(
        self,
        geometry: Geometry,
        lengths: Sequence[int],
        chosen: Iterable[int] | None = None,
        *,
        padding: frozenset[int] = frozenset(),
        in_order: bool = False,
    ) -> None:
        self.in_order = in_order
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
        if self.is_everything:
            self.pieces = Bitfield.full(geometry.piece_count)
            return
        self.pieces = Bitfield(geometry.piece_count)
        for file in self.files:
            for piece, _ in self._pieces_of(file, lengths[file]):
                self.pieces.add(piece)

    def _pieces_of(self, file: int, length: int) -> Iterator[tuple[int, int]]:
        """The pieces that a file has a part in, with how many bytes of each are the file's."""
        start, size = self._map.start(file), self._geometry.piece_length
        end = start + length
        for piece in range(start // size, -(-end // size) if length else 0):
            yield piece, min(end, (piece + 1) * size) - max(start, piece * size)

    @classmethod
    def all_of(cls, geometry: Geometry) -> PieceSelection:
        """Everything, whatever files it is made of, the rarest first."""
        return cls(geometry, [geometry.length])

    def __repr__(self) -> str:
        order = "in order" if self.in_order else "rarest first"
        return f"Goal({self.pieces!r}, {order})"

    def size_of(self, piece: PieceIndex) -> int:
        """How many bytes of the piece belong to wanted files."""
        size = self._geometry.piece_size(piece)
        if self.is_everything:
            return size - self._padded[piece]
        spans = self._map.spans(self._geometry.offset(piece), size)
        return sum(span.length for span in spans if span.file in self.files)

    def done(self, have: Bitfield) -> int:
        """How many bytes of wanted files are in these pieces."""
        if self.is_everything:
            padded = sum(size for piece, size in self._padded.items() if have[piece])
            return self._geometry.bytes_in(have) - padded
        return sum(self.size_of(PieceIndex(piece)) for piece in have)

    def lacking(self, have: Bitfield) -> Iterable[int]:
        """The wanted pieces that are not among these, in order."""
        return (piece for piece in have.missing() if self.pieces[piece])


def goal_of(described: Metainfo, plan: DownloadOptions) -> PieceSelection:
    """What of a torrent a plan wants."""
    chosen = match(plan.only, paths_of(described)) if plan.only else None
    lengths = [file.length for file in described.files]
    return PieceSelection(
        described.geometry, lengths, chosen, padding=described.padding, in_order=plan.in_order
    )


def placed_by(described: Metainfo, plan: DownloadOptions) -> frozenset[int]:
    """The numbers of the files that were complete under an earlier plan."""
    return match(plan.placed, paths_of(described)) - described.padding


def widened(
    described: Metainfo, plan: DownloadOptions, asked: DownloadOptions, *, complete: bool
) -> DownloadOptions:
    """The plan of a download that is asked for again: what is wanted now is wanted, too.

    Order and files only add up; the priority stays. When the old plan is `complete`, its files keep
    their place.
    """
    only = tuple(dict.fromkeys(plan.only + asked.only)) if plan.only and asked.only else ()
    wider = replace(plan, only=only, in_order=plan.in_order or asked.in_order)
    if goal_of(described, wider).files == goal_of(described, plan).files:
        return replace(wider, only=plan.only)
    return replace(wider, placed=plan.only) if complete else wider


def paths_of(described: Metainfo) -> list[str]:
    """The files' paths inside the folder, as patterns are to fit them; "" for padding."""
    return ["/".join(file.path) for file in described.files]


def match(patterns: Iterable[str], paths: Sequence[str]) -> frozenset[int]:
    """The numbers of the paths that fit one of the patterns.

    `*` stands for anything, slashes too, `?` for one character, `[abc]` for one of several. A
    pattern that names a folder takes all that is in it. Case counts.
    """
    found = set[int]()
    for pattern in patterns:
        inside = pattern.rstrip("/") + "/*"
        found |= {
            number
            for number, path in enumerate(paths)
            if fnmatchcase(path, pattern) or fnmatchcase(path, inside)
        }
    return frozenset(found)
