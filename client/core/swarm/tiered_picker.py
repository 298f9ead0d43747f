"""Which piece to download next when some files are more urgent than others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from client.core.swarm.picker import Picker
from client.core.swarm.sequential_picker import SequentialPicker
from client.core.transfers.piece_selection import PieceSelection
from common.bitfield import Bitfield
from common.types import PieceIndex

if TYPE_CHECKING:
    from random import Random


class AnyPicker(Protocol):
    """What `Picker` and `SequentialPicker` do."""

    @property
    def open_count(self) -> int: ...

    def is_open(self, piece: int) -> bool: ...

    def offers(self, has: Bitfield) -> bool: ...

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

    def offers(self, has: Bitfield) -> bool:
        """Return whether a peer that `has` these pieces has an open one."""
        return any(picker.offers(has) for picker in self._pickers)

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


def make_picker(have: Bitfield, selection: PieceSelection, rng: Random) -> AnyPicker:
    """Return the picker of the selected pieces that are not in `have`."""
    pickers: list[AnyPicker] = [
        SequentialPicker(have, tier) if selection.sequential else Picker(have, tier, rng)
        for tier in selection.tiers
    ]
    return pickers[0] if len(pickers) == 1 else TieredPicker(pickers, selection.tiers)
