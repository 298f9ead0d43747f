"""Blocks as the runs that the product handles."""

from __future__ import annotations

from collections.abc import Iterable

from common.types import Block, BlockRun
from common.wire.messages import Request


def one(number: int) -> range:
    """The numbers of a single block."""
    return range(number, number + 1)


def alone(blocks: Iterable[Block | Request]) -> list[BlockRun]:
    """Return each block as a run of its own."""
    return [BlockRun(block.piece, block.begin, 1, block.length) for block in blocks]


def blocks_of(runs: Iterable[BlockRun]) -> list[Block]:
    """Return the blocks of the runs, in order."""
    return [block for run in runs for block in run.blocks()]
