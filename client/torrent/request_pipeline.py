"""Requests blocks from the peers of one torrent, within its rate limit."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial

from client.core.bandwidth.fair_queue import BandwidthRequest
from client.core.bandwidth.throttle import Throttle
from client.core.bandwidth.upload_turns import UploadTurns
from client.core.protocol.peer_protocol import PeerProtocol
from client.net.peers.connection import Connection
from common.types import InfoHash
from common.wire.codec import encode_requests


class RequestPipeline:
    """The requests of a torrent; `lock` is the torrent's.

    While `throttle` has a limit, blocks are requested and sent only through BandwidthRequests.
    """

    def __init__(
        self,
        info_hash: InfoHash,
        protocol: PeerProtocol,
        lock: threading.Lock,
        throttle: Throttle,
        blocks_per_piece: int,
    ) -> None:
        self._info_hash = info_hash
        self._protocol = protocol
        self._lock = lock
        self._throttle = throttle
        self._turns = UploadTurns(blocks_per_piece, throttle.up)
        self._closed = False

    def close(self) -> None:
        """Stop requesting; call it under the lock."""
        self._closed = True

    def refill(self, peer: Connection, now: float) -> None:
        """Request more from a peer that has little left to answer, unless a limit applies."""
        if not self._throttle.down.limited and self._protocol.needs_requests(peer.key, now):
            self._request(peer, now)

    def upload_requests(self, peers: Iterable[Connection]) -> list[BandwidthRequest]:
        """Return the bandwidth request for the peers whose blocks a limit holds back, if any."""
        channel = self._throttle.up
        held = {peer.key: peer for peer in peers if peer.is_held_back}
        request = BandwidthRequest(self._info_hash, channel, partial(self._pass, held))
        return [request] if held else []

    def forget(self, peer: Connection) -> None:
        """Forget a peer that left; call it under the lock."""
        self._turns.forget(peer.key)

    def download_requests(self, peers: Iterable[Connection], now: float) -> list[BandwidthRequest]:
        """Return bandwidth requests for peers that could be sent more requests under a limit."""
        channel = self._throttle.down
        return [
            BandwidthRequest(
                (self._info_hash, peer.key), channel, partial(self._request, peer, now)
            )
            for peer in peers
            if peer.decoder.outstanding < self._protocol.window(peer.key, now)
        ]

    def _pass(self, held: dict[int, Connection], blocks: int) -> int:
        """Let up to `blocks` of the peers held back pass, to one of them; returns their size."""
        with self._lock:
            while held:
                key = self._turns.next(held)
                passed = held[key].allow(min(blocks, self._turns.left(key)))
                if passed.blocks:
                    self._turns.record(key, passed)
                    return passed.size
                del held[key]
        return 0

    def _request(self, peer: Connection, now: float, limit: int | None = None) -> int:
        """Request up to `limit` blocks from a peer; returns their size in bytes."""
        with self._lock:
            if self._closed:
                return 0
            runs = self._protocol.request(peer.key, now, limit)
        if runs:
            peer.send(encode_requests(runs))
        return sum(run.length for run in runs)
