"""The bytes of single blocks, where the programs send runs."""

from __future__ import annotations

from common.types import Block, BlockRun
from common.wire.codec import piece_headers


def piece_header(block: Block) -> bytes:
    """Return the 13 bytes that precede a block's payload."""
    return piece_headers(BlockRun(block.piece, block.begin, 1, block.length))
