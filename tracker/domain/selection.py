"""Selection of the peers that an announce is answered with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from common.types import PeerId

T = TypeVar("T")

PLACES = 2**31
"""The number of places in a file's ring of users."""


class Random(Protocol):
    """The part of `random.Random` used here."""

    def sample(self, population: Sequence[T], k: int) -> list[T]:
        """Return `k` different elements in random order."""
        ...

    def randrange(self, stop: int, /) -> int:
        """Return a random number from 0 to `stop` - 1."""
        ...


class Peer(NamedTuple):
    """A client present for a file; `left` is what it still lacks, in bytes.

    A client that announces over IPv4 and IPv6 appears twice. A client with a session may have more
    addresses, see tracker.domain.whereabouts: `local` ones, encoded, and one of the other family.
    """

    user_id: int
    user: str
    peer_id: PeerId
    host: str
    port: int
    left: int
    local: str = ""
    other_host: str = ""
    other_port: int = 0


def place_of(file_id: int, user_id: int) -> int:
    """Return a user's place in a file's ring.

    The peers of a large swarm are chosen from a random place on. A user's peers all have the same
    one, so that no user is met more often for having many.
    """
    digest = hashlib.blake2b(b"%d %d" % (file_id, user_id), digest_size=4).digest()
    return int.from_bytes(digest, "big") % PLACES


def select_peers(
    peers: Sequence[Peer], asker: Peer, wanted: int, random: Random, *, with_seeders: bool
) -> list[Peer]:
    """Return at most `wanted` random peers for `asker`, including seeders if `with_seeders`.

    Leaves out the asker itself and peers that can't be dialled. Picks from users in turn, so that a
    user with many peers doesn't crowd out others.
    """
    if not wanted:
        return []
    me = asker.user_id, asker.peer_id
    useful = [
        peer
        for peer in peers
        if peer.port and (with_seeders or peer.left) and (peer.user_id, peer.peer_id) != me
    ]
    if len(useful) <= wanted:
        return random.sample(useful, len(useful))
    by_user: dict[int, list[Peer]] = {}
    for peer in useful:
        by_user.setdefault(peer.user_id, []).append(peer)
    turns = [
        random.sample(own, min(wanted, len(own))) if len(own) > 1 else own
        for own in by_user.values()
    ]
    chosen: list[Peer] = []
    while len(chosen) < wanted:
        here = random.sample(turns, min(wanted - len(chosen), len(turns)))
        chosen += [own.pop() for own in here]
        turns = [own for own in turns if own]
    return chosen


def count_peers(peers: Sequence[Peer]) -> tuple[int, int]:
    """Count seeders and leechers; a client with two addresses counts once."""
    left: dict[tuple[int, PeerId], int] = {}
    for peer in peers:
        client = peer.user_id, peer.peer_id
        left[client] = min(peer.left, left.get(client, peer.left))
    seeders = sum(not lacking for lacking in left.values())
    return seeders, len(left) - seeders
