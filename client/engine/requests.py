"""Asking peers for blocks, and claims to pass a rate limit, for one torrent."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial
from typing import Final

from client.core.fair_queue import Claim
from client.core.limits import Limits
from client.core.swarm import Swarm
from client.core.throttle import Throttle
from client.net.peer_io import PeerConnection
from common.types import InfoHash
from common.wire.codec import encode_requests

REFILL_AT: Final = 0.75
"""A peer is given more work when so much of its window is left or less: requests go in bursts."""


class Requests:
    """What a torrent asks of its peers; `lock` is the torrent's.

    Where `throttle` has a limit, nothing is asked for and no block is sent but through a claim.
    """

    def __init__(
        self,
        info_hash: InfoHash,
        swarm: Swarm,
        lock: threading.Lock,
        throttle: Throttle,
        limits: Limits,
    ) -> None:
        self._info_hash = info_hash
        self._swarm = swarm
        self._lock = lock
        self._throttle = throttle
        self._limits = limits
        self._closed = False

    def close(self) -> None:
        """Ask for nothing any more; to be called under the lock."""
        self._closed = True

    def refill(self, peer: PeerConnection, now: float) -> None:
        """Request more from a peer when it has little left to answer; under a limit, claim it."""
        if self._throttle.down.limited:
            return
        window = self._window(peer, now)
        if window and peer.receiver.outstanding <= window * REFILL_AT:
            self._request(peer, now)

    def up_claims(self, peers: Iterable[PeerConnection]) -> list[Claim]:
        """Peers that wait for what they requested, held back by a limit."""
        lane = self._throttle.up
        return [
            Claim((self._info_hash, peer.key), lane, peer.allow)
            for peer in peers
            if peer.is_held_back
        ]

    def down_claims(self, peers: Iterable[PeerConnection], now: float) -> list[Claim]:
        """Peers that could be asked for more under a limit."""
        lane = self._throttle.down
        return [
            Claim((self._info_hash, peer.key), lane, partial(self._request, peer, now))
            for peer in peers
            if peer.receiver.outstanding < self._window(peer, now)
        ]

    def _window(self, peer: PeerConnection, now: float) -> int:
        """How many requests to keep out to a peer; none when it is of no use now."""
        state = self._swarm.peers.get(peer.key)
        if state is None or state.peer_choking or not state.wanted:
            return 0
        return state.window(self._limits, now)

    def _request(self, peer: PeerConnection, now: float, most: int | None = None) -> int:
        """Request blocks from a peer, at most so many; how many bytes they have."""
        with self._lock:
            if self._closed:
                return 0
            assignments = self._swarm.assign(peer.key, peer.receiver.outstanding, now, most)
            for assignment in assignments:
                peer.receiver.expect(assignment.download, assignment.numbers)
        requests = [a.download.block(number) for a in assignments for number in a.numbers]
        if requests:
            peer.send(encode_requests(requests))
        return sum(block.length for block in requests)
