"""Which piece to download next in sequential mode: from the first to the last.

For watching a film while it downloads. Every peer gets the first open piece that it has, so that
all of them work side by side, a few pieces ahead of what is complete.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from common.bitfield import Bitfield
from common.types import PieceIndex


class SequentialPicker:
    """The wanted pieces of a torrent in order; like `Picker`, without rarity."""

    def __init__(self, have: Bitfield, wanted: Bitfield) -> None:
        self._open = {piece for piece in have.missing() if wanted[piece]}
        self._size = have.size
        self._first = 0  # no smaller piece is open

    @property
    def open_count(self) -> int:
        """How many wanted pieces nobody fetches yet."""
        return len(self._open)

    def is_open(self, piece: int) -> bool:
        """Return whether this piece is wanted and nobody fetches it yet."""
        return piece in self._open

    def offers(self, has: Bitfield) -> bool:
        """Return whether a peer that `has` these pieces has an open one."""
        return any(has[piece] for piece in self._open)

    def count_holders(self, pieces: Iterable[int], change: int) -> None:
        """Do nothing: rarity plays no role here."""

    def pick(self, has: Bitfield, suggested: Collection[int] = ()) -> PieceIndex | None:
        """Take the first open piece that the peer `has`, whatever it suggests; None without any."""
        if not self._open:
            return None
        while self._first not in self._open:
            self._first += 1
        for piece in range(self._first, self._size):
            if piece in self._open and has[piece]:
                self._open.discard(piece)
                return PieceIndex(piece)
        return None

    def reopen(self, piece: PieceIndex) -> None:
        """Mark a piece that nobody fetches any more as open; a no-op if it is."""
        self._open.add(piece)
        self._first = min(self._first, piece)

    def close(self, piece: PieceIndex) -> None:
        """Mark a piece as being fetched; a no-op if it isn't open."""
        self._open.discard(piece)

    def finish(self, piece: PieceIndex) -> None:
        """Mark a piece as verified."""
        self.close(piece)
