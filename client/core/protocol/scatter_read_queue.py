"""The blocks that a peer is about to send, in order, laid out for a scatter read.

A peer answers requests in order, so we know the next bytes: 13 bytes of header, a block, and so
on. `lay_out` returns buffers for exactly that: headers go into a separate space, payloads side by
side into the piece's buffer. `land` compares the received headers with the expected ones, one
comparison for each run of blocks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from client.core.swarm.piece_download import HEADER_SIZE, PieceDownload
from common.types import BLOCK_SIZE

SCATTER_BLOCKS: Final = 64
"""Blocks laid out for one scatter read at most, two slots each (Linux allows 1,024 slots)."""

ExpectedBlock: TypeAlias = tuple[PieceDownload, int]
"""A piece and the number of a block in it."""


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

    blocks: list[ExpectedBlock]
    cut: CutBlock | None
    stray: bytes


class ScatterReadQueue:
    """A queue of blocks. The views of its first blocks are kept between reads."""

    def __init__(self) -> None:
        self._queue: deque[ExpectedBlock] = deque()
        self._views: list[memoryview] = []  # two for each of the first blocks

    def __len__(self) -> int:
        return len(self._queue)

    def extend(self, download: PieceDownload, numbers: list[int]) -> None:
        """Append blocks of a piece to the queue."""
        self._queue.extend([(download, number) for number in numbers])

    def is_next(self, block: ExpectedBlock) -> bool:
        """Return whether this block is the first in the queue."""
        return bool(self._queue) and self._queue[0] == block

    def remove(self, block: ExpectedBlock) -> bool:
        """Stop expecting a block; returns False when it wasn't expected."""
        try:
            self._queue.remove(block)
        except ValueError:
            return False
        self._views = []
        return True

    def remove_cancelled(self) -> None:
        """Stop expecting the blocks of cancelled pieces."""
        self._queue = deque([block for block in self._queue if not block[0].cancelled])
        self._views = []

    def clear(self) -> None:
        """Stop expecting any block."""
        self._queue.clear()
        self._views = []

    def lay_out(self) -> list[memoryview]:
        """Return buffers for the expected bytes: header, payload, header, and so on."""
        for download, number in islice(self._queue, len(self._views) // 2, SCATTER_BLOCKS):
            self._views += (
                download.header_space[number * HEADER_SIZE : (number + 1) * HEADER_SIZE],
                download.buffer[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE],
            )
        return self._views

    def land(self, count: int) -> Landed:
        """Handle `count` bytes read into `lay_out()`; whole and cut blocks leave the queue."""
        views = self._views
        used = 0
        left = count
        while left and left >= len(views[used]):
            left -= len(views[used])
            used += 1
        headers = (used + 1) // 2  # complete ones
        expected = self._count_expected(headers)
        ends_before_payload = used % 2 == 0
        if expected < headers or ends_before_payload:
            parts = views[2 * expected : used]
            if left:
                parts.append(views[used][:left])
            stray = b"".join(parts)
            self._views = [] if stray else views[used:]
            return Landed(self._pop(expected), None, stray)
        blocks = self._pop(expected - 1)
        download, number = self._queue.popleft()
        self._views = views[used + 1 :]
        return Landed(blocks, CutBlock(download, number, views[used][left:]), b"")

    def _pop(self, count: int) -> list[ExpectedBlock]:
        return [self._queue.popleft() for _ in range(count)]

    def _count_expected(self, count: int) -> int:
        """Return how many of the first `count` received headers are the expected ones."""
        done = 0
        while done < count:
            download, first = self._queue[done]
            run = self._run_length(download, first, done, count)
            low, high = first * HEADER_SIZE, (first + run) * HEADER_SIZE
            if download.header_space[low:high] != download.headers[low:high]:
                return done + _common_headers(download, first)
            done += run
        return done

    def _run_length(self, download: PieceDownload, first: int, start: int, end: int) -> int:
        """Return how many blocks from position `start` on are consecutive in the same piece."""
        run = 1
        while start + run < end and self._queue[start + run] == (download, first + run):
            run += 1
        return run


def _common_headers(download: PieceDownload, first: int) -> int:
    """Return how many headers from block `first` on match before the first mismatch.

    The caller knows that there is one.
    """
    count = 0
    low = first * HEADER_SIZE
    while (
        download.header_space[low : low + HEADER_SIZE] == download.headers[low : low + HEADER_SIZE]
    ):
        count += 1
        low += HEADER_SIZE
    return count
