"""The blocks that a peer is about to send, in order, laid out for a scatter read.

A peer answers requests in order, so we know the next bytes: 13 bytes of header, a block, and so
on. `lay_out` returns buffers for exactly that: headers go into a separate space, payloads side by
side into the piece's buffer. `land` compares the received headers with the expected ones, one
comparison for each run of blocks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, TypeAlias

from client.core.swarm.piece_download import HEADER_SIZE, PieceDownload
from common.types import BLOCK_SIZE
from common.wire.codec import count_equal

FEWEST_BLOCKS: Final = 64
MOST_BLOCKS: Final = 256
"""Blocks laid out for one scatter read at most, two slots each (Linux allows 1,024 slots).

To lay out more than arrive takes time, too; so they are twice as many as the last read brought.
"""

UNIT: Final = HEADER_SIZE + BLOCK_SIZE
"""Bytes of a block with its header, unless it is shorter as the last of the content."""


ExpectedRun: TypeAlias = tuple[PieceDownload, range]
"""A piece and the numbers of adjacent blocks in it."""


@dataclass(frozen=True, slots=True)
class CutBlock:
    """A partly received block, and the buffer for the rest of it."""

    download: PieceDownload
    number: int
    rest: memoryview


@dataclass(frozen=True, slots=True)
class Landed:
    """The result of a scatter read: whole blocks, then either a cut block or stray bytes.

    Stray bytes begin with an unexpected or unfinished header; they are outside the pieces.
    """

    runs: list[ExpectedRun]
    cut: CutBlock | None
    stray: bytes


class ScatterReadQueue:
    """A queue of runs of adjacent blocks, each with its piece."""

    def __init__(self) -> None:
        self._runs: deque[ExpectedRun] = deque()
        self._count = 0  # blocks in all runs
        self._most = FEWEST_BLOCKS  # to be laid out

    def __len__(self) -> int:
        return self._count

    def extend(self, download: PieceDownload, numbers: range) -> None:
        """Append a run of blocks (at least one) to the queue."""
        self._runs.append((download, numbers))
        self._count += len(numbers)

    @property
    def first(self) -> ExpectedRun:
        """The first run; the queue must not be empty."""
        return self._runs[0]

    def remove(self, download: PieceDownload, number: int) -> bool:
        """Stop expecting a block; returns False when it wasn't expected."""
        place = self._find(download.index, number)
        if place is None:
            return False
        self._split(place, number)
        numbers = self._runs[place][1]
        if len(numbers) > 1:
            self._runs[place] = (download, numbers[1:])
        else:
            del self._runs[place]
        self._count -= 1
        return True

    def expect_next(self, piece: int, number: int) -> None:
        """Expect this block first, and after it those that follow it in its run.

        Does nothing if it isn't expected. A peer that answers out of order goes on from there.
        """
        place = self._find(piece, number)
        if place is None:
            return
        self._split(place, number)
        run = self._runs[place]
        del self._runs[place]
        self._runs.appendleft(run)

    def _find(self, piece: int, number: int) -> int | None:
        """Return the place of the run with this block."""
        for place, (download, numbers) in enumerate(self._runs):
            if download.index == piece and number in numbers:
                return place
        return None

    def _split(self, place: int, number: int) -> None:
        """Make this block the first of its run at `place`; those before it become the next run."""
        download, numbers = self._runs[place]
        if number > numbers.start:
            self._runs[place] = (download, range(number, numbers.stop))
            self._runs.insert(place + 1, (download, range(numbers.start, number)))

    def remove_cancelled(self) -> None:
        """Stop expecting the blocks of cancelled pieces."""
        self._runs = deque([run for run in self._runs if not run[0].cancelled])
        self._count = sum(len(numbers) for _, numbers in self._runs)

    def clear(self) -> None:
        """Stop expecting any block."""
        self._runs.clear()
        self._count = 0

    def take(self, count: int) -> ExpectedRun:
        """Remove the first `count` blocks of the first run, which has so many."""
        download, numbers = self._runs.popleft()
        if count < len(numbers):
            self._runs.appendleft((download, numbers[count:]))
        self._count -= count
        return download, numbers[:count]

    def lay_out(self) -> list[memoryview]:
        """Return buffers for the expected bytes: header, payload, header, and so on."""
        views: list[memoryview] = []
        for download, numbers in self._runs:
            stop = min(numbers.stop, numbers.start + self._most - len(views) // 2)
            views += download.lent.slots.views[2 * numbers.start : 2 * stop]
            if len(views) == 2 * self._most:
                break
        return views

    def land(self, count: int) -> Landed:
        """Handle `count` bytes read into `lay_out()`; whole and cut blocks leave the queue."""
        landed = self._land(count)
        self._most = min(max(FEWEST_BLOCKS, 2 * count // UNIT), MOST_BLOCKS)
        return landed

    def _land(self, count: int) -> Landed:
        landed: list[ExpectedRun] = []
        while count:
            download, numbers = self._runs[0]
            headers = min(len(numbers), (count + BLOCK_SIZE) // UNIT)  # complete ones
            expected = self._count_expected(headers)
            if expected < headers or not headers:
                if expected:
                    landed.append(self.take(expected))
                return Landed(landed, None, self._read_from_slots(count - expected * UNIT))
            missing = download.size_of(numbers[:headers]) + headers * HEADER_SIZE - count
            if missing > 0:
                if headers > 1:
                    landed.append(self.take(headers - 1))
                return Landed(landed, self._cut_first(missing), b"")
            landed.append(self.take(headers))
            count = -missing
        return Landed(landed, None, b"")

    def _count_expected(self, headers: int) -> int:
        """Return how many of the first run's first received headers are the expected ones."""
        download, numbers = self._runs[0]
        low, high = numbers.start * HEADER_SIZE, (numbers.start + headers) * HEADER_SIZE
        received = download.lent.slots.headers[low:high]
        return count_equal(received, download.headers[low:high], HEADER_SIZE, headers)

    def _read_from_slots(self, count: int) -> bytes:
        """Return a copy of the first `count` bytes that were read into the slots."""
        parts: list[memoryview] = []
        views = iter(self.lay_out())
        while count:
            parts.append(next(views)[:count])
            count -= len(parts[-1])
        return b"".join(parts)

    def _cut_first(self, missing: int) -> CutBlock:
        """Remove the first block, of which so many bytes (at least one) are missing."""
        download, numbers = self.take(1)
        payload = download.lent.slots.views[2 * numbers.start + 1]
        return CutBlock(download, numbers.start, payload[len(payload) - missing :])
