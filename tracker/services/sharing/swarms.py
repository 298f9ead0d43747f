"""The peers and counts that announces and scrapes are answered with."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from tracker.domain.presence import PEERS_PER_FILE
from tracker.domain.selection import PLACES, Peer, Random, count_peers, select_peers
from tracker.store.presence.presence import PresenceReader

SMALL = 64
"""The peers of a swarm up to this size are counted and chosen at each announce."""

COUNT_SECONDS = 10.0
"""How long the counts of a larger swarm are used again."""

_UNLIMITED = 2**31  # the clients are few, however many addresses they have
_CAPACITY = 10_000  # larger swarms; the least recently counted is forgotten


class Wish(NamedTuple):
    """Which peers of a file a client wants: how many, and whether seeders, too."""

    file_id: int
    asker: Peer
    numwant: int
    with_seeders: bool


class Answer(NamedTuple):
    """The counts of a file's clients, and the peers chosen."""

    seeders: int
    leechers: int
    peers: Sequence[Peer]


class Swarms:
    """Chooses peers in a time that doesn't grow with the swarm. Thread-safe."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lock = threading.Lock()  # guards the next
        self._large: OrderedDict[int, tuple[float, tuple[int, int]]] = OrderedDict()

    def answer(self, view: PresenceReader, wishes: Sequence[Wish], now: float) -> list[Answer]:
        """Answer a client's wishes in their order."""
        large = self._known([wish.file_id for wish in wishes], now)
        small = [wish.file_id for wish in wishes if wish.file_id not in large]
        present = view.present(small, now, SMALL * len(small)) if small else []
        if present is None:
            large |= self._count(view, small, now)
            small = [file_id for file_id in small if file_id not in large]
            present = (view.present(small, now, _UNLIMITED) if small else None) or []
        swarms: dict[int, list[Peer]] = {file_id: [] for file_id in small}
        for file_id, peer in present:
            swarms[file_id].append(peer)
        return [
            self._of_large(view, wish, large[wish.file_id], now)
            if wish.file_id in large
            else self._of_small(swarms[wish.file_id], wish)
            for wish in wishes
        ]

    def counts(
        self, view: PresenceReader, file_ids: Collection[int], now: float
    ) -> dict[int, tuple[int, int]]:
        """Count seeders and leechers of each file, leaving out files without any."""
        found = self._known(file_ids, now)
        unknown = [file_id for file_id in file_ids if file_id not in found]
        if unknown:
            small = view.counts(unknown, now)
            self._remember(small, now)
            found |= small
        return found

    def _of_small(self, peers: Sequence[Peer], wish: Wish) -> Answer:
        return Answer(*count_peers(peers), self._choose(peers, wish))

    def _of_large(
        self, view: PresenceReader, wish: Wish, counts: tuple[int, int], now: float
    ) -> Answer:
        """Choose from a part of the ring that has enough users, so that all take turns."""
        if not wish.numwant:
            return Answer(*counts, ())
        place = self._random.randrange(PLACES)
        peers: list[Peer] = []
        for most in (max(SMALL, wish.numwant), PEERS_PER_FILE * wish.numwant):
            peers = view.ring(
                wish.file_id, place, wish.asker, most, now, with_seeders=wish.with_seeders
            )
            if len(peers) < most or len({peer.user_id for peer in peers}) >= wish.numwant:
                break
        return Answer(*counts, self._choose(peers, wish))

    def _choose(self, peers: Sequence[Peer], wish: Wish) -> list[Peer]:
        return select_peers(
            peers, wish.asker, wish.numwant, self._random, with_seeders=wish.with_seeders
        )

    def _known(self, file_ids: Collection[int], now: float) -> dict[int, tuple[int, int]]:
        """Return the counts of the files known as large.

        Old counts are forgotten, except for those who ask while they are counted again.
        """
        known: dict[int, tuple[int, int]] = {}
        with self._lock:
            for file_id in file_ids:
                found = self._large.get(file_id)
                if found is None:
                    continue
                counted_at, counts = found
                if 0 <= now - counted_at < COUNT_SECONDS:
                    known[file_id] = counts
                else:
                    self._large[file_id] = now, counts
        return known

    def _count(
        self, view: PresenceReader, file_ids: Sequence[int], now: float
    ) -> dict[int, tuple[int, int]]:
        """Return the counts of those of the files that are large."""
        return self._remember(view.counts(file_ids, now), now)

    def _remember(
        self, counts: dict[int, tuple[int, int]], now: float
    ) -> dict[int, tuple[int, int]]:
        large = {file_id: both for file_id, both in counts.items() if sum(both) > SMALL}
        with self._lock:
            for file_id in counts:
                self._large.pop(file_id, None)
            for file_id, both in large.items():
                self._large[file_id] = now, both
            while len(self._large) > _CAPACITY:
                self._large.popitem(last=False)
        return large
