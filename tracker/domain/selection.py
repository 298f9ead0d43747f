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
    """One client that is there for a file; `left` is what it still lacks, in bytes.

    One that is reached over IPv4 and over IPv6 is there twice.
    """

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

    Never the asker itself, and nobody who can't be dialled. Users take turns: whoever has many
    peers crowds out nobody.
    """
    useful = [
        peer
        for peer in peers
        if peer.port != 0
        and (peer.user_id, peer.peer_id) != (asker.user_id, asker.peer_id)
        and (with_seeders or not peer.is_seeder)
    ]
    by_user: dict[int, list[Peer]] = {}
    for peer in useful:
        by_user.setdefault(peer.user_id, []).append(peer)
    turns = [random.sample(own, min(wanted, len(own))) for own in by_user.values()]
    chosen: list[Peer] = []
    while turns and len(chosen) < wanted:
        here = random.sample(turns, min(wanted - len(chosen), len(turns)))
        chosen += [own.pop() for own in here]
        turns = [own for own in turns if own]
    return chosen


def count_peers(peers: Sequence[Peer]) -> tuple[int, int]:
    """How many seeders and how many leechers there are; one with two addresses is one."""
    left: dict[tuple[int, PeerId], int] = {}
    for peer in peers:
        client = peer.user_id, peer.peer_id
        left[client] = min(peer.left, left.get(client, peer.left))
    seeders = sum(not lacking for lacking in left.values())
    return seeders, len(left) - seeders
