"""Carries packets between two TUN devices, which it inherits open: one process for a line.

`python -m benchmarks.line.carrier NEAR FAR ROUND_TRIP RATE LOSS`: two descriptors, and a
`Shape`'s three numbers. It ends with its input, so that none is left however its parent ends.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections import deque
from contextlib import suppress
from random import Random
from typing import Final

from benchmarks.line.shape import Lane, Shape

_LARGEST: Final = 65536
_TURN: Final = 64
"""Packets read in one direction before the other is looked at."""


class Direction:
    """Reads packets from one device and writes them to another when they are due."""

    def __init__(self, source: int, sink: int, lane: Lane, random: Random) -> None:
        self.source = source
        self._sink = sink
        self._lane = lane
        self._random = random.random
        self._under_way: deque[tuple[float, bytes]] = deque()

    @property
    def due(self) -> float | None:
        """Return when the next packet arrives; None if none is under way."""
        return self._under_way[0][0] if self._under_way else None

    def take(self, now: float) -> None:
        """Read what waits, up to a turn's worth."""
        admit, chance, append = self._lane.admit, self._random, self._under_way.append
        read, source = os.read, self.source
        try:
            for _ in range(_TURN):
                packet = read(source, _LARGEST)
                arrival = admit(now, len(packet), chance())
                if arrival is not None:
                    append((arrival, packet))
        except BlockingIOError:
            pass

    def deliver(self, now: float) -> None:
        """Write what is due."""
        under_way, write, sink = self._under_way, os.write, self._sink
        while under_way and under_way[0][0] <= now:
            write(sink, under_way.popleft()[1])


def carry(near: int, far: int, shape: Shape, until: int) -> None:
    """Carry packets both ways, until the descriptor `until` is at its end."""
    directions = [
        Direction(near, far, Lane(shape), Random(1)),
        Direction(far, near, Lane(shape), Random(2)),
    ]
    by_source = {direction.source: direction for direction in directions}
    clock = time.monotonic
    while True:
        due = [direction.due for direction in directions if direction.due is not None]
        wait = max(0.0, min(due) - clock()) if due else None
        ready, _, _ = select.select([*by_source, until], [], [], wait)
        if until in ready:
            return
        for source in ready:
            by_source[source].take(clock())
        for direction in directions:
            direction.deliver(clock())


def main() -> None:
    """Carry as the command line says."""
    near, far = map(int, sys.argv[1:3])
    with suppress(PermissionError):  # a line isn't slower while the machine is busy
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    carry(near, far, Shape(*map(float, sys.argv[3:6])), sys.stdin.fileno())


if __name__ == "__main__":
    main()
