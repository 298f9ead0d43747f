"""Whose blocks of a torrent an upload limit lets pass next: a piece for each peer in turn.

A piece can be passed on only once it is whole. If all peers were sent a block each in turn, all
would have to wait for all of their pieces; this way the first of them has something to pass on
after a fraction of that time, and the last one no later.

A peer's *turn* lasts until its next block is of another piece, or until it was sent as many blocks
as a piece has: whoever requests the same piece again and again doesn't keep others waiting. Under a
low limit it ends earlier, before others give up waiting for us. A peer that can't be sent more at
the moment keeps the rest of its turn, and others are served meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from client.core.bandwidth.throttle import BandwidthChannel
from common.types import BLOCK_SIZE

LONGEST: Final = 2.0
"""Seconds that a turn may take; a peer snubs us after about twenty."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Blocks of one piece that a limit lets pass; `ends_piece`: another one comes next."""

    blocks: int
    size: int
    ends_piece: bool


class UploadTurns:
    """The turns of a torrent's peers, by key, in the `channel` that has the limit."""

    def __init__(self, blocks_per_piece: int, channel: BandwidthChannel) -> None:
        self._blocks_per_piece = blocks_per_piece
        self._channel = channel
        self._begun: dict[int, int] = {}  # blocks left of a turn, the first begun first
        self._ended: dict[int, int] = {}  # when a peer's last turn ended: how many had before
        self._count = 0

    def next(self, waiting: Collection[int]) -> int:
        """Return which of the `waiting` peers (at least one) to serve.

        One whose turn has begun comes first, then one that had none for the longest time.
        """
        for key in self._begun:
            if key in waiting:
                return key
        return min(waiting, key=lambda key: self._ended.get(key, 0))

    def left(self, key: int) -> int:
        """Return how many blocks the peer may be sent in this turn."""
        in_time = max(1, int(self._channel.rate * LONGEST / BLOCK_SIZE))
        return min(self._begun.get(key, self._blocks_per_piece), in_time)

    def record(self, key: int, passed: Allowance) -> None:
        """Record what has passed to a peer, at most `left` blocks."""
        left = self.left(key) - passed.blocks
        if left > 0 and not passed.ends_piece:
            self._begun[key] = left
            return
        self._begun.pop(key, None)
        self._count += 1
        self._ended[key] = self._count

    def forget(self, key: int) -> None:
        """Forget a peer that left."""
        self._begun.pop(key, None)
        self._ended.pop(key, None)
