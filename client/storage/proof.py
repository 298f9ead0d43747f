"""Which pieces are known to lie on the disk as they should."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from common.bitfield import Bitfield


class Proof:
    """The pieces that were hashed on the disk, or written to it verified, since this was made.

    What somebody else may have changed is doubtful until it has been hashed again. Safe to use
    from several threads.
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
        """How often something was doubted; to be taken before a piece is read to be hashed."""
        return self._doubts

    @property
    def touches(self) -> int:
        """How often a file was found touched; to be taken before what it holds is read."""
        return self._touches

    def add(self, piece: int, doubts: int | None = None) -> None:
        """The piece is right, as far as was known when there were so many doubts."""
        with self._lock:
            if doubts in (None, self._doubts):
                self._proven.add(piece)

    def doubt(self, pieces: Iterable[int]) -> None:
        """These pieces may be others by now."""
        with self._lock:
            self._discard(pieces)

    def touched(self, pieces: Iterable[int]) -> None:
        """Likewise, since somebody else touched a file of theirs."""
        with self._lock:
            self._touches += 1
            self._discard(pieces)

    def _discard(self, pieces: Iterable[int]) -> None:
        self._doubts += 1
        for piece in pieces:
            self._proven.discard(piece)
