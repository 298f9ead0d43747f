"""Which piece to download next when some files are more urgent than others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from common.bitfield import Bitfield
from common.types import PieceIndex


class AnyPicker(Protocol):
    """What `Picker` and `SequentialPicker` do."""

    @property
    def open_count(self) -> int: ...

    def is_open(self, piece: int) -> bool: ...

    def count_holders(self, pieces: Iterable[int], change: int) -> None: ...

    def pick(self, has: Bitfield, suggested: Collection[int] = ()) -> PieceIndex | None: ...

    def reopen(self, piece: PieceIndex) -> None: ...

    def close(self, piece: PieceIndex) -> None: ...

    def finish(self, piece: PieceIndex) -> None: ...


class TieredPicker:
    """Pickers of which the first has the most urgent pieces; each piece is of one of `tiers`."""

    def __init__(self, pickers: Sequence[AnyPicker], tiers: Sequence[Bitfield]) -> None:
        self._pickers = list(pickers)
        self._of = {
            piece: picker for picker, tier in zip(pickers, tiers, strict=True) for piece in tier
        }

    @property
    def open_count(self) -> int:
        """How many wanted pieces nobody fetches yet."""
        return sum(picker.open_count for picker in self._pickers)

    def is_open(self, piece: int) -> bool:
        """Return whether this piece is wanted and nobody fetches it yet."""
        picker = self._of.get(piece)
        return picker is not None and picker.is_open(piece)

    def count_holders(self, pieces: Iterable[int], change: int) -> None:
        """Count one peer more (`change` 1) or fewer (-1) that has these pieces."""
        held = list(pieces)
        for picker in self._pickers:
            picker.count_holders(held, change)

    def pick(self, has: Bitfield, suggested: Collection[int] = ()) -> PieceIndex | None:
        """Take the most urgent open piece that the peer `has`; None when there is none.

        Of equally urgent ones, it takes one that is `suggested`, unless they have an order.
        """
        for picker in self._pickers:
            piece = picker.pick(has, suggested)
            if piece is not None:
                return piece
        return None

    def reopen(self, piece: PieceIndex) -> None:
        """Mark a piece that nobody fetches any more as open; a no-op if it is."""
        self._of[piece].reopen(piece)

    def close(self, piece: PieceIndex) -> None:
        """Mark a piece as being fetched; a no-op if it isn't open."""
        if piece in self._of:
            self._of[piece].close(piece)

    def finish(self, piece: PieceIndex) -> None:
        """Mark a piece as verified."""
        if piece in self._of:
            self._of[piece].finish(piece)
