"""Which transfer may use a rate limit next: start-time fair queueing.

Each request has a start tag: the virtual time, or the end of what its key was served last if that
is later. The queue serves the lowest tag and moves the virtual time there. So all keys that always
want more get equally many bytes, whatever their block sizes; a key that wants less gets all of it,
and staying away saves up nothing. Among equals, the key served longest ago comes first.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from client.core.bandwidth.throttle import BandwidthChannel
from common.types import BLOCK_SIZE

REMEMBERED: Final = 4096
"""Keys whose last service is remembered."""


@dataclass(frozen=True, slots=True)
class BandwidthRequest:
    """A request to send or receive through a rate-limited channel.

    `take` gets the number of blocks that may pass and returns how many bytes it used, 0 when it
    needs nothing more.
    """

    key: Hashable
    channel: BandwidthChannel
    take: Callable[[int], int]


class FairQueue:
    """Shares what the channels of one direction let pass among the requests."""

    def __init__(self) -> None:
        self._virtual = 0
        self._served = 0
        self._last: dict[Hashable, tuple[int, int]] = {}  # end tag, order of service

    def serve(self, requests: Sequence[BandwidthRequest], now: float) -> None:
        """Refill the channels and spend what they hold, one request after the other."""
        for request in requests:
            request.channel.fill(now)
        sharing = Counter(id(request.channel) for request in requests)
        queue = [(*self._tag(request.key), number) for number, request in enumerate(requests)]
        heapq.heapify(queue)
        while queue:
            start, _, number = heapq.heappop(queue)
            request = requests[number]
            if request.channel.level <= 0:
                request.channel.hold(now)
                continue
            passed = request.take(
                _portion(request.channel, sharing[id(request.channel)], len(requests))
            )
            if passed:
                request.channel.draw(passed)
                self._virtual = start
                self._note(request.key, start + passed)
                heapq.heappush(queue, (*self._tag(request.key), number))

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
    """Return how many blocks to let pass at once: an equal share, and at least one."""
    level = min(channel.own.level / in_channel, channel.shared.level / in_all)
    return max(1, int(level / BLOCK_SIZE))
