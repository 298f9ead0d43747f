"""Requests of a peer that wait for our answer, as runs of adjacent blocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import takewhile

from common.types import Block, BlockRun


class RunQueue:
    """A queue of blocks, in the order requested; its length is the number of blocks."""

    __slots__ = ("_begun", "_count", "_runs")

    def __init__(self) -> None:
        self._runs: deque[BlockRun] = deque()
        self._count = 0
        self._begun: int | None = None  # piece of the block taken last

    @property
    def next_piece(self) -> int | None:
        """The piece of the first block; None when the queue is empty."""
        return self._runs[0].piece if self._runs else None

    def __len__(self) -> int:
        return self._count

    def extend(self, runs: Iterable[BlockRun]) -> None:
        """Append the blocks of these runs."""
        for run in runs:
            self._runs.append(run)
            self._count += run.count

    def take(self, count: int) -> list[BlockRun]:
        """Remove and return the first `count` blocks, or all if there are fewer."""
        taken: list[BlockRun] = []
        while count and self._runs:
            run = self._runs.popleft()
            if run.count > count:
                self._runs.appendleft(run.part(count, run.count))
                run = run.part(0, count)
            taken.append(run)
            count -= run.count
            self._count -= run.count
            self._begun = run.piece
        return taken

    def take_burst(self, most: int) -> list[BlockRun]:
        """Remove and return the first blocks: whole runs where those are more than half of `most`.

        A run that is cut into two bursts takes twice the work.
        """
        count = 0
        for run in self._runs:
            if count + run.count > most:
                break
            count += run.count
        return self.take(count if count * 2 > most else most)

    def take_all(self, keep: int) -> list[BlockRun]:
        """Remove and return all blocks, except the rest of a piece of which some were taken.

        That stays if it has at most `keep` blocks.
        """
        rest = list(takewhile(lambda run: run.piece == self._begun, self._runs))
        if sum(run.count for run in rest) > keep:
            rest = []
        removed = list(self._runs)[len(rest) :]
        self._runs = deque(rest)
        self._count = sum(run.count for run in rest)
        return removed

    def size(self, start: int, stop: int) -> int:
        """Return the bytes of the blocks at the places `start` to `stop` - 1."""
        size = first = 0
        for run in self._runs:
            if first >= stop:
                break
            inside = min(stop - first, run.count) - max(start - first, 0)
            size += max(inside, 0) * run.size
            first += run.count
        return size

    def rest_of_piece(self, start: int) -> tuple[int, bool]:
        """Return how many blocks from the place `start` on are of the same piece.

        Also whether another piece comes after them.
        """
        first = count = 0
        piece: int | None = None
        for run in self._runs:
            inside = first + run.count - max(start, first)
            first += run.count
            if inside <= 0:
                continue
            if piece not in (None, run.piece):
                return count, True
            piece = run.piece
            count += inside
        return count, False

    def remove(self, block: Block) -> bool:
        """Remove a block, where it comes first; returns False when it isn't there."""
        for place, run in enumerate(self._runs):
            if run.piece != block.piece or run.size != block.length:
                continue
            number, offset = divmod(block.begin - run.begin, run.size)
            if offset or not 0 <= number < run.count:
                continue
            del self._runs[place]
            if number + 1 < run.count:
                self._runs.insert(place, run.part(number + 1, run.count))
            if number:
                self._runs.insert(place, run.part(0, number))
            self._count -= 1
            return True
        return False
