"""Which pieces are known to be right on disk."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from common.bitfield import Bitfield


class Proof:
    """The pieces that were hashed on disk, or written verified, since this was created.

    Pieces that another program may have changed are doubtful until hashed again. Thread-safe.
    """

    def __init__(self, pieces: int) -> None:
        self._lock = threading.Lock()
        self._proven = Bitfield(pieces)
        self._doubts = 0
        self._touches = 0

    def __getitem__(self, piece: int) -> bool:
        return self._proven[piece]

    @property
    def doubts(self) -> int:
        """How many times pieces were doubted; to be read before a piece is read to be hashed."""
        return self._doubts

    @property
    def touches(self) -> int:
        """How many times a file was found touched; to be read before its content is read."""
        return self._touches

    def add(self, piece: int, doubts: int | None = None) -> None:
        """Mark a piece as proven, unless there are new doubts since `doubts` was read."""
        with self._lock:
            if doubts in (None, self._doubts):
                self._proven.add(piece)

    def doubt(self, pieces: Iterable[int]) -> None:
        """Mark pieces as possibly changed."""
        with self._lock:
            self._discard(pieces)

    def touched(self, pieces: Iterable[int]) -> None:
        """Like `doubt`, because another program touched a file of these pieces."""
        with self._lock:
            self._touches += 1
            self._discard(pieces)

    def _discard(self, pieces: Iterable[int]) -> None:
        self._doubts += 1
        for piece in pieces:
            self._proven.discard(piece)
