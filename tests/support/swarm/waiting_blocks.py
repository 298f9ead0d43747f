"""Requests of a peer that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence

from client.core.protocol.run_queue import RunQueue
from common.types import Block, BlockRun, PieceIndex
from tests.support.swarm.runs import blocks_of


class WaitingBlocks:
    """An UploadQueue that sends nothing by itself."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue = RunQueue()

    @property
    def blocks(self) -> list[Block]:
        """The blocks that wait, in order."""
        return blocks_of(self._queue._runs)

    @property
    def waiting_blocks(self) -> int:
        """See UploadQueue."""
        return len(self._queue)

    @property
    def next_piece(self) -> int | None:
        """See UploadQueue."""
        return self._queue.next_piece

    def take(self) -> Block:
        """Take the first block that waits."""
        (run,) = self._queue.take(1)
        return Block(PieceIndex(run.piece), run.begin, run.size)

    def send_blocks(self, runs: Sequence[BlockRun]) -> int:
        """See UploadQueue."""
        self._queue.extend(runs)
        return len(self._queue)

    def withdraw_block(self, block: Block) -> bool:
        """See UploadQueue."""
        return self._queue.remove(block)

    def withdraw_blocks(self, keep: int) -> list[BlockRun]:
        """See UploadQueue."""
        return self._queue.take_all(keep)
