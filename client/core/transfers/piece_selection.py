"""Which pieces of a torrent to download: all, or those that contain the selected files.

A piece at the edge of a selected file also contains bytes of the adjacent file: it is downloaded
whole, but only the bytes of selected files count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
    otherwise the rarest first.
    """

    def __init__(
        self,
        geometry: Geometry,
        lengths: Sequence[int],
        chosen: Iterable[int] | None = None,
        *,
        padding: frozenset[int] = frozenset(),
        sequential: bool = False,
    ) -> None:
        self.sequential = sequential
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

    def lacking(self, have: Bitfield) -> Iterable[int]:
        """Return the wanted pieces that are not in `have`, in order."""
        return (piece for piece in have.missing() if self.pieces[piece])


def selection_of(metainfo: Metainfo, options: DownloadOptions) -> PieceSelection:
    """Return the pieces of a torrent that these options select."""
    chosen = match(options.only, paths_of(metainfo)) if options.only else None
    lengths = [file.length for file in metainfo.files]
    return PieceSelection(
        metainfo.geometry, lengths, chosen, padding=metainfo.padding, sequential=options.sequential
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
    wider = replace(options, only=only, sequential=options.sequential or asked.sequential)
    if selection_of(metainfo, wider).files == selection_of(metainfo, options).files:
        return replace(wider, only=options.only)
    return replace(wider, finalized=options.only) if complete else wider


def paths_of(metainfo: Metainfo) -> list[str]:
    """Return the files' paths inside the folder, as patterns match them; "" for padding."""
    return ["/".join(file.path) for file in metainfo.files]


def match(patterns: Iterable[str], paths: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the paths that match one of the patterns.

    `*` matches anything, including slashes, `?` one character, `[abc]` one of several. A pattern
    that names a folder matches everything in it. Case counts.
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
