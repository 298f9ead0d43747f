"""The layout of pieces, blocks and files in a torrent's content.

The content is one run of bytes: all files in order, divided into equal pieces (the last may be
shorter) that are hashed, and pieces into blocks that are requested (BEP 3).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from common.bitfield import Bitfield
from common.types import BLOCK_SIZE, PieceIndex

KIB = 1024
MIB = 1024 * KIB

MIN_PIECE_LENGTH = KIB
MAX_PIECE_LENGTH = 64 * MIB
MAX_PIECES = 2**18


@dataclass(frozen=True)
class Geometry:
    """Content of `length` bytes cut into pieces of `piece_length` bytes.

    Raises ValueError when the lengths are out of bounds or make more than MAX_PIECES pieces.
    """

    length: int
    piece_length: int

    def __post_init__(self) -> None:
        if not MIN_PIECE_LENGTH <= self.piece_length <= MAX_PIECE_LENGTH:
            raise ValueError(f"piece length {self.piece_length} is out of bounds")
        if self.length < 0:
            raise ValueError("pieces can't hold a negative length")
        if self.piece_count > MAX_PIECES:
            raise ValueError(f"more than {MAX_PIECES} pieces")

    @property
    def piece_count(self) -> int:
        """Number of pieces; empty content has none."""
        return -(-self.length // self.piece_length)

    def offset(self, index: PieceIndex) -> int:
        """Offset of the piece in the content, in bytes."""
        return index * self.piece_length

    def piece_size(self, index: PieceIndex) -> int:
        """Length of the piece in bytes; only the last may be shorter."""
        return min(self.piece_length, self.length - self.offset(index))

    def bytes_in(self, pieces: Bitfield) -> int:
        """Total length of these pieces in bytes; only the last may be shorter."""
        last = PieceIndex(self.piece_count - 1)
        if last < 0 or not pieces[last]:
            return pieces.count * self.piece_length
        return (pieces.count - 1) * self.piece_length + self.piece_size(last)

    def block_count(self, index: PieceIndex) -> int:
        """Number of blocks in the piece."""
        return -(-self.piece_size(index) // BLOCK_SIZE)

    def contains(self, index: int, begin: int, length: int) -> bool:
        """Return whether these untrusted numbers describe at least one byte inside one piece."""
        return (
            0 <= index < self.piece_count
            and begin >= 0
            and length > 0
            and begin + length <= self.piece_size(PieceIndex(index))
        )


class FileSpan(NamedTuple):
    """A run of bytes in one file: the file's number, offset in the file, length (bytes)."""

    file: int
    offset: int
    length: int


class FileMap:
    """Finds the files that hold a run of the content, given the files' lengths in order."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = tuple(lengths)
        self._ends = tuple(accumulate(self._lengths))

    @property
    def length(self) -> int:
        """Length of the content (bytes)."""
        return self._ends[-1] if self._ends else 0

    def start(self, file: int) -> int:
        """Offset of the file in the content, in bytes."""
        return self._ends[file] - self._lengths[file]

    def spans(self, offset: int, length: int) -> list[FileSpan]:
        """Split the run of `length` bytes at `offset` by file, leaving out empty files.

        Raises ValueError when the run isn't inside the content.
        """
        if offset < 0 or length < 0 or offset + length > self.length:
            raise ValueError(f"{length} bytes at {offset} are not inside the content")
        spans = []
        # The first file that ends after `offset` contains it; empty files never do.
        file = bisect_right(self._ends, offset)
        while length:
            inside = offset - self.start(file)
            taken = min(length, self._lengths[file] - inside)
            if taken:
                spans.append(FileSpan(file, inside, taken))
            offset += taken
            length -= taken
            file += 1
        return spans


def choose_piece_length(total: int) -> int:
    """Return the piece length for content of `total` bytes; equal totals give equal lengths.

    Two members who share the same content must get the same info-hash.

    | content         | piece length        | pieces          |
    |-----------------|---------------------|-----------------|
    | up to 2 MiB     | 16 KiB              | up to 128       |
    | up to 128 MiB   | 32 KiB to 1 MiB     | 65 to 128       |
    | up to 16 GiB    | 1 MiB               | up to 16,384    |
    | up to 512 GiB   | 2 MiB, then 4 MiB   | up to 131,072   |
    | above           | 8 MiB to 64 MiB     | 65,537 and more |

    The last row only keeps the metainfo small enough for the tracker session.
    """
    for length, pieces in (
        *((16 * KIB << step, 128) for step in range(6)),
        (MIB, 2**14),
        (2 * MIB, 2**14),
    ):
        if total <= length * pieces:
            return length
    length = 4 * MIB
    while total > length * 2**17 and length < MAX_PIECE_LENGTH:
        length *= 2
    return length
