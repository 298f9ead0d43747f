"""Who may pass a limit next: start-time fair queueing.

Each claim has a start tag: the virtual time, or the end of what it had last if that is later. The
least tag is served, which moves the virtual time there. So those who always want more get as many
bytes as each other, whatever the size of their blocks; who wants less gets all of it, and nobody
saves up a claim by staying away. Among equals, whoever was served longest ago comes first.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from client.core.throttle import BandwidthChannel
from common.types import BLOCK_SIZE

REMEMBERED: Final = 4096
"""Claimants of whom it is known when they were served."""


@dataclass(frozen=True, slots=True)
class BandwidthRequest:
    """Somebody who wants to pass a lane that has a limit.

    `take` is told how many blocks may pass and answers how many bytes then do: 0 when nothing is
    wanted any more.
    """

    key: Hashable
    channel: BandwidthChannel
    take: Callable[[int], int]


class FairQueue:
    """Shares what the lanes of one direction let pass among those who want to."""

    def __init__(self) -> None:
        self._virtual = 0
        self._served = 0
        self._last: dict[Hashable, tuple[int, int]] = {}  # end of the last, when it was served

    def __repr__(self) -> str:
        return f"FairQueue(at {self._virtual}, knows {len(self._last)})"

    def serve(self, claims: Sequence[BandwidthRequest], now: float) -> None:
        """Fill the lanes, and let pass what they hold, each claim in its turn."""
        for claim in claims:
            claim.channel.fill(now)
        sharing = Counter(id(claim.channel) for claim in claims)
        queue = [(*self._tag(claim.key), number) for number, claim in enumerate(claims)]
        heapq.heapify(queue)
        while queue:
            start, _, number = heapq.heappop(queue)
            claim = claims[number]
            if claim.channel.level <= 0:
                claim.channel.hold(now)
                continue
            passed = claim.take(_portion(claim.channel, sharing[id(claim.channel)], len(claims)))
            if passed:
                claim.channel.draw(passed)
                self._virtual = start
                self._note(claim.key, start + passed)
                heapq.heappush(queue, (*self._tag(claim.key), number))

    def _tag(self, key: Hashable) -> tuple[int, int]:
        end, served = self._last.get(key, (0, 0))
        return max(end, self._virtual), served

    def _note(self, key: Hashable, end: int) -> None:
        self._served += 1
        self._last.pop(key, None)
        self._last[key] = (end, self._served)
        if len(self._last) > REMEMBERED:
            del self._last[next(iter(self._last))]


def _portion(channel: BandwidthChannel, in_channel: int, in_all: int) -> int:
    """Blocks to let pass at once: an equal part of what there is, and one at least."""
    level = min(channel.own.level / in_channel, channel.shared.level / in_all)
    return max(1, int(level / BLOCK_SIZE))
