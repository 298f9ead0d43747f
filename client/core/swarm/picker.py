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


class Picker:
    """The order in which a torrent's `wanted` pieces are downloaded."""

    def __init__(self, have: Bitfield, wanted: Bitfield, rng: Random) -> None:
        self._rng = rng
        self._rarity = [0] * have.size
        self._open = Bitfield(have.size)
        self._buckets: dict[int, list[int]] = {}  # open pieces by rarity; none is empty
        self._place: dict[int, int] = {}  # of each open piece in its bucket
        self._done = have.count
        for piece in have.missing():
            if wanted[piece]:
                self.reopen(PieceIndex(piece))

    @property
    def open_count(self) -> int:
        """How many wanted pieces nobody fetches yet."""
        return self._open.count

    def is_open(self, piece: int) -> bool:
        """Return whether this piece is wanted and nobody fetches it yet."""
        return self._open[piece]

    def offers(self, has: Bitfield) -> bool:
        """Return whether a peer that `has` these pieces has an open one."""
        return not self._open.is_disjoint(has)

    def count_holders(self, pieces: Iterable[int], change: int) -> None:
        """Count one peer more (`change` 1) or fewer (-1) that has these pieces."""
        rarities, places = self._rarity, self._place
        for piece in pieces:
            rarity = rarities[piece]
            rarities[piece] = rarity + change
            if piece in places:
                self._take_out(piece, rarity)
                self._put_in(piece, rarity + change)

    def pick(self, has: Bitfield, suggested: Collection[int] = ()) -> PieceIndex | None:
        """Take the best open piece that the peer `has`, or has `suggested`; None without any."""
        if not self.offers(has):
            return None
        useful = (piece for piece in suggested if self._open[piece] and has[piece])
        piece = next(useful, None)
        if piece is None:
            found = (_pick(bucket, has, self._rng) for bucket in self._in_order())
            piece = next(piece for piece in found if piece is not None)
        self.close(PieceIndex(piece))
        return PieceIndex(piece)

    def reopen(self, piece: PieceIndex) -> None:
        """Mark a piece that nobody fetches any more as open; a no-op if it is."""
        if not self._open[piece]:
            self._open.add(piece)
            self._put_in(piece, self._rarity[piece])

    def close(self, piece: PieceIndex) -> None:
        """Mark a piece as being fetched; a no-op if it isn't open."""
        if self._open[piece]:
            self._open.discard(piece)
            self._take_out(piece, self._rarity[piece])

    def finish(self, piece: PieceIndex) -> None:
        """Mark a piece as verified."""
        self.close(piece)
        self._done += 1

    def _in_order(self) -> list[list[int]]:
        """Return the buckets, the rarest pieces first, at the beginning in any order."""
        if self._done >= _RANDOM_FIRST:
            return [self._buckets[rarity] for rarity in sorted(self._buckets)]
        buckets = list(self._buckets.values())
        self._rng.shuffle(buckets)
        return buckets

    # Adding to a bucket and removing from it takes as long however many pieces it has.
    def _put_in(self, piece: int, rarity: int) -> None:
        bucket = self._buckets.get(rarity)
        if bucket is None:
            bucket = self._buckets[rarity] = []
        self._place[piece] = len(bucket)
        bucket.append(piece)

    def _take_out(self, piece: int, rarity: int) -> None:
        bucket = self._buckets[rarity]
        place = self._place.pop(piece)
        last = bucket.pop()
        if last != piece:
            bucket[place] = last
            self._place[last] = place
        elif not bucket:
            del self._buckets[rarity]


def _pick(bucket: list[int], has: Bitfield, rng: Random) -> int | None:
    """Return a random piece of the bucket that is in `has`, or None."""
    count = len(bucket)
    start = rng.randrange(count)
    for step in range(count):
        piece = bucket[(start + step) % count]
        if has[piece]:
            return piece
    return None
