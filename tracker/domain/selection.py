"""Which peers an announce is answered with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from common.types import PeerId

T = TypeVar("T")


class Random(Protocol):
    """The part of `random.Random` that is needed here."""

    def sample(self, population: Sequence[T], k: int) -> list[T]:
        """`k` different elements, in random order."""
        ...


class Peer(NamedTuple):
    """One client that is there for a file; `left` is what it still lacks, in bytes."""

    user_id: int
    user: str
    peer_id: PeerId
    host: str
    port: int
    left: int

    @property
    def is_seeder(self) -> bool:
        """Whether it has everything."""
        return self.left == 0


def select_peers(
    peers: Sequence[Peer], asker: Peer, wanted: int, random: Random, *, with_seeders: bool
) -> list[Peer]:
    """At most `wanted` peers for `asker`, at random; seeders only `with_seeders`.

    Never the asker itself, and nobody who can't be dialled.
    """
    useful = [
        peer
        for peer in peers
        if peer.port != 0
        and (peer.user_id, peer.peer_id) != (asker.user_id, asker.peer_id)
        and (with_seeders or not peer.is_seeder)
    ]
    return random.sample(useful, min(wanted, len(useful)))


def count_peers(peers: Sequence[Peer]) -> tuple[int, int]:
    """How many seeders and how many leechers there are."""
    seeders = sum(peer.is_seeder for peer in peers)
    return seeders, len(peers) - seeders
