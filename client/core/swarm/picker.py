"""Which piece to download next: the rarest first, the first few at random.

Invariant: a wanted piece is in exactly one of *open* (nobody fetches it), *taken* (a peer is
sending it, or it is being verified) and *done*. Open pieces are kept in buckets by the number of
peers that have them, so that picking for a peer with everything costs the same however many
pieces there are. Peers with everything are counted separately: they make no piece rarer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from common.bitfield import Bitfield
from common.types import PieceIndex

if TYPE_CHECKING:
    from random import Random

_RANDOM_FIRST = 4
"""Pieces picked at random before rarity counts: a new peer needs something to upload soon."""


class _Bucket:
    """Open pieces of the same rarity, at least one; adding and removing are O(1)."""

    __slots__ = ("pieces", "place")

    def __init__(self) -> None:
        self.pieces: list[int] = []
        self.place: dict[int, int] = {}

    def add(self, piece: int) -> None:
        self.place[piece] = len(self.pieces)
        self.pieces.append(piece)

    def remove(self, piece: int) -> None:
        place = self.place.pop(piece)
        last = self.pieces.pop()
        if last != piece:
            self.pieces[place] = last
            self.place[last] = place

    def pick(self, has: Bitfield, rng: Random) -> int | None:
        """Return a random piece of the bucket that is in `has`, or None."""
        count = len(self.pieces)
        start = rng.randrange(count)
        for step in range(count):
            piece = self.pieces[(start + step) % count]
            if has[piece]:
                return piece
        return None


class Picker:
    """The order in which a torrent's `wanted` pieces are downloaded."""

    def __init__(self, have: Bitfield, wanted: Bitfield, rng: Random) -> None:
        self._rng = rng
        self._rarity = [0] * have.size
        self._open = Bitfield(have.size)
        self._buckets: dict[int, _Bucket] = {}
        self._done = have.count
        for piece in have.missing():
            if wanted[piece]:
                self._open.add(piece)
                self._bucket(0).add(piece)

    @property
    def open_count(self) -> int:
        """How many wanted pieces nobody fetches yet."""
        return self._open.count

    def is_open(self, piece: int) -> bool:
        """Return whether this piece is wanted and nobody fetches it yet."""
        return self._open[piece]

    def count_holders(self, pieces: Iterable[int], change: int) -> None:
        """Count one peer more (`change` 1) or fewer (-1) that has these pieces."""
        rarities, is_open = self._rarity, self._open
        for piece in pieces:
            rarity = rarities[piece]
            rarities[piece] = rarity + change
            if is_open[piece]:
                self._take_out(piece, rarity)
                self._bucket(rarity + change).add(piece)

    def pick(self, has: Bitfield, suggested: Collection[int] = ()) -> PieceIndex | None:
        """Take the best open piece that the peer `has`, or has `suggested`; None without any."""
        if self._open.is_disjoint(has):
            return None
        useful = (piece for piece in suggested if self._open[piece] and has[piece])
        piece = next(useful, None)
        if piece is None:
            found = (bucket.pick(has, self._rng) for bucket in self._in_order())
            piece = next(piece for piece in found if piece is not None)
        self.close(PieceIndex(piece))
        return PieceIndex(piece)

    def reopen(self, piece: PieceIndex) -> None:
        """Mark a piece that nobody fetches any more as open; a no-op if it is."""
        if not self._open[piece]:
            self._open.add(piece)
            self._bucket(self._rarity[piece]).add(piece)

    def close(self, piece: PieceIndex) -> None:
        """Mark a piece as being fetched; a no-op if it isn't open."""
        if self._open[piece]:
            self._open.discard(piece)
            self._take_out(piece, self._rarity[piece])

    def finish(self, piece: PieceIndex) -> None:
        """Mark a piece as verified."""
        self.close(piece)
        self._done += 1

    def _in_order(self) -> list[_Bucket]:
        """Return the buckets, the rarest pieces first, at the beginning in any order."""
        if self._done >= _RANDOM_FIRST:
            return [self._buckets[rarity] for rarity in sorted(self._buckets)]
        buckets = list(self._buckets.values())
        self._rng.shuffle(buckets)
        return buckets

    def _bucket(self, rarity: int) -> _Bucket:
        return self._buckets.setdefault(rarity, _Bucket())

    def _take_out(self, piece: int, rarity: int) -> None:
        bucket = self._buckets[rarity]
        bucket.remove(piece)
        if not bucket.pieces:
            del self._buckets[rarity]
