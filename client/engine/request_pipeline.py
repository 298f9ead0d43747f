"""Asking peers for blocks, and claims to pass a rate limit, for one torrent."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial

from client.core.fair_queue import BandwidthRequest
from client.core.peer_protocol import PeerProtocol
from client.core.throttle import Throttle
from client.net.peer_io import PeerConnection
from common.types import InfoHash
from common.wire.codec import encode_requests


class RequestPipeline:
    """What a torrent asks of its peers; `lock` is the torrent's.

    Where `throttle` has a limit, nothing is asked for and no block is sent but through a claim.
    """

    def __init__(
        self,
        info_hash: InfoHash,
        protocol: PeerProtocol,
        lock: threading.Lock,
        throttle: Throttle,
    ) -> None:
        self._info_hash = info_hash
        self._protocol = protocol
        self._lock = lock
        self._throttle = throttle
        self._closed = False

    def close(self) -> None:
        """Ask for nothing any more; to be called under the lock."""
        self._closed = True

    def refill(self, peer: PeerConnection, now: float) -> None:
        """Request more from a peer that has little left to answer; under a limit, claim it."""
        if not self._throttle.down.limited and self._protocol.has_room(peer.key, now):
            self._request(peer, now)

    def upload_requests(self, peers: Iterable[PeerConnection]) -> list[BandwidthRequest]:
        """Peers that wait for what they requested, held back by a limit."""
        channel = self._throttle.up
        if not channel.limited:
            return []
        return [
            BandwidthRequest((self._info_hash, peer.key), channel, peer.allow)
            for peer in peers
            if peer.is_held_back
        ]

    def download_requests(
        self, peers: Iterable[PeerConnection], now: float
    ) -> list[BandwidthRequest]:
        """Peers that could be asked for more under a limit."""
        channel = self._throttle.down
        if not channel.limited:
            return []
        return [
            BandwidthRequest(
                (self._info_hash, peer.key), channel, partial(self._request, peer, now)
            )
            for peer in peers
            if peer.decoder.outstanding < self._protocol.window(peer.key, now)
        ]

    def _request(self, peer: PeerConnection, now: float, most: int | None = None) -> int:
        """Request blocks from a peer, at most so many; how many bytes they have."""
        with self._lock:
            if self._closed:
                return 0
            blocks = self._protocol.request(peer.key, now, most)
        if blocks:
            peer.send(encode_requests(blocks))
        return sum(block.length for block in blocks)
