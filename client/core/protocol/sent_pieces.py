"""The pieces that a peer received whole; if it requests one again, that piece may be wrong."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from common.types import BlockRun, PieceIndex

MAX_PIECES: Final = 256
"""Pieces remembered per peer; a peer that finds one wrong requests it again soon."""


class SentPieces:
    """The pieces sent to one peer; `size_of` returns a piece's size in bytes.

    A piece is suspected again only after it was sent whole once more, so that suspicion costs us
    less than it costs the peer.
    """

    def __init__(self, size_of: Callable[[PieceIndex], int]) -> None:
        self._size_of = size_of
        self._sent: OrderedDict[PieceIndex, int] = OrderedDict()  # bytes sent, latest last

    def take_suspects(self, runs: Sequence[BlockRun]) -> list[PieceIndex]:
        """Forget the pieces of these blocks that the peer received whole before; returns them.

        Call it before the blocks are sent.
        """
        pieces = dict.fromkeys(PieceIndex(run.piece) for run in runs)
        return [piece for piece in pieces if self._forget(piece)]

    def record(self, runs: Sequence[BlockRun]) -> None:
        """Record that these blocks were sent."""
        for run in runs:
            piece = PieceIndex(run.piece)
            self._sent[piece] = self._sent.pop(piece, 0) + run.length
        while len(self._sent) > MAX_PIECES:
            self._sent.popitem(last=False)

    def last_whole(self) -> list[PieceIndex]:
        """Return the last piece if it was sent whole: a peer may have left because of it."""
        latest = next(reversed(self._sent), None)
        return [latest] if latest is not None and self._is_whole(latest) else []

    def _forget(self, piece: PieceIndex) -> bool:
        """Forget a piece that was sent whole; returns False when it wasn't."""
        if not self._is_whole(piece):
            return False
        del self._sent[piece]
        return True

    def _is_whole(self, piece: PieceIndex) -> bool:
        return self._sent.get(piece, 0) >= self._size_of(piece)
