"""Requests of a peer that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence

from common.types import Block, BlockRun
from tests.support.runs import alone, blocks_of


class WaitingBlocks:
    """An UploadQueue that sends nothing by itself."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []

    @property
    def waiting_blocks(self) -> int:
        """Number of blocks that wait."""
        return len(self.blocks)

    def send_blocks(self, runs: Sequence[BlockRun]) -> int:
        """Have blocks wait; the number of all that do."""
        self.blocks += blocks_of(runs)
        return len(self.blocks)

    def withdraw_block(self, block: Block) -> bool:
        """Forget a block; whether it waited."""
        if block not in self.blocks:
            return False
        self.blocks.remove(block)
        return True

    def withdraw_blocks(self) -> list[BlockRun]:
        """Forget all blocks, and return them."""
        withdrawn = alone(self.blocks)
        self.blocks.clear()
        return withdrawn
