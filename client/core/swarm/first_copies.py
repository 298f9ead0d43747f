"""Gives out each piece once before any twice, by suggesting pieces to those served (BEP 6).

While a single seeder is the only source, nobody can have the whole file before the seeder has sent
each piece at least once; whatever it sends twice until then makes everybody wait. Super-seeding
(BEP 16) avoids that by claiming not to have the other pieces. We say what we have, and suggest
which of it to take: a peer that ignores suggestions loses nothing.

A piece is in at most one of these states, and in none once it has spread:

- *fresh*: we have given it to nobody;
- *suggested* to a peer that hasn't requested it yet;
- *given* to a peer that is the only one known to have got it.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from common.bitfield import Bitfield

if TYPE_CHECKING:
    from random import Random

TOLERATED: Final = 4
"""Pieces given to a peer that may be on their way to others."""

MAX_AHEAD: Final = 64
"""Pieces suggested to a peer that it hasn't requested yet."""

MAX_EXAMINED: Final = 256
"""Pieces looked at to find some that a peer lacks."""


class FirstCopies:
    """What a complete torrent has given to whom, by key; nobody else has `pieces` yet."""

    def __init__(self, pieces: Sequence[int], blocks_per_piece: int, rng: Random) -> None:
        self._fresh = OrderedDict.fromkeys(rng.sample(pieces, len(pieces)))
        self._blocks_per_piece = blocks_per_piece
        self._suggested: dict[int, int] = {}  # whom, by piece
        self._given: dict[int, int] = {}  # to whom, by piece
        self._finishing: set[int] = set()  # given to a choked peer that is still sent the rest
        self._stale: set[int] = set()  # suggested or finishing since before the last `expire`
        self._spread: Counter[int] = Counter()  # pieces given that have spread, by peer
        self._kept: Counter[int] = Counter()  # pieces given to others too, by peer that hoards
        self._burdens: Counter[int] = Counter()  # pieces given and not spread, by peer

    def suggest(self, key: int, has: Bitfield, burst: int) -> list[int]:
        """Return pieces to suggest to a peer that `has` these and requests `burst` blocks at once.

        They last until its next burst, so that it needn't choose by itself. One that hoards gets no
        suggestions: what it gets is as good as not given.
        """
        if self.hoards(key):
            return []
        pending = sum(whom == key for whom in self._suggested.values())
        ahead = min(-(-burst // self._blocks_per_piece), MAX_AHEAD) - pending
        useful = (piece for piece in islice(self._fresh, MAX_EXAMINED) if not has[piece])
        chosen = list(islice(useful, max(0, ahead)))
        for piece in chosen:
            del self._fresh[piece]
            self._suggested[piece] = key
        return chosen

    def requested(self, key: int, pieces: Iterable[int]) -> None:
        """Record that we are about to send these pieces to a peer, whether suggested or not."""
        hoards = self.hoards(key)
        for piece in pieces:
            if piece in self._suggested or (piece in self._fresh and not hoards):
                self._fresh.pop(piece, None)
                self._suggested.pop(piece, None)
                self._given[piece] = key
                self._burdens[key] += 1

    def seen(self, key: int, pieces: Iterable[int]) -> None:
        """Record that a peer has these pieces: those given to another have spread.

        What others have although we gave it to nobody comes last. It is not dropped, because a peer
        may claim to have what it hasn't.
        """
        for piece in pieces:
            self._finishing.discard(piece)
            if self._given.get(piece, key) != key:
                giver = self._given.pop(piece)
                self._burdens[giver] -= 1
                self._spread[giver] += 1
            elif piece in self._fresh:
                self._fresh.move_to_end(piece)

    def expire(self) -> None:
        """Take back what was pending at the last call and still is.

        That is what was suggested and isn't requested, and what choked peers were still sent.
        """
        pending = [*self._suggested, *self._finishing]
        self._take_back([piece for piece in pending if piece in self._stale])
        self._stale = {*self._suggested, *self._finishing}

    def choked(self, key: int, has: Bitfield, finishing: int | None) -> None:
        """Take back what a choked peer, which `has` these pieces, won't spread.

        It is still sent the rest of the piece `finishing`.
        """
        lost = [piece for piece, whom in self._suggested.items() if whom == key]
        given = [piece for piece, whom in self._given.items() if whom == key]
        lost += [piece for piece in given if not has[piece] and piece != finishing]
        self._finishing.update(piece for piece in given if piece == finishing and not has[piece])
        if self.hoards(key):
            kept = [piece for piece in given if has[piece]]
            self._kept[key] += len(kept)
            lost += kept
        self._take_back(lost)

    def left(self, key: int) -> None:
        """Take back what a peer that left hasn't spread."""
        self._take_back([piece for piece, whom in self._suggested.items() if whom == key])
        self._take_back([piece for piece, whom in self._given.items() if whom == key])
        del self._burdens[key], self._spread[key], self._kept[key]

    def _take_back(self, pieces: Iterable[int]) -> None:
        """Have others get these pieces next."""
        for piece in pieces:
            if piece in self._given:
                self._burdens[self._given.pop(piece)] -= 1
            self._suggested.pop(piece, None)
            self._finishing.discard(piece)
            self._fresh[piece] = None
            self._fresh.move_to_end(piece, last=False)

    def hoards(self, key: int) -> bool:
        """Return whether many pieces given to this peer are not known to have spread."""
        return self._burdens[key] + self._kept[key] > max(TOLERATED, self._spread[key])
