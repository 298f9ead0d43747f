"""The answers to a peer's requests, laid out to be sent together (BEP 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from client.core.swarm.piece_download import HEADER_SIZE
from common.types import Block, BlockRun, PieceIndex
from common.wire.codec import piece_headers


class BlockSource(Protocol):
    """The source of blocks' bytes."""

    def block_views(self, block: Block) -> Sequence[memoryview]:
        """Return the bytes of a run inside a piece, in order, without copying them.

        Only the kernel may read them: they may be memory-mapped. Raises OSError when the content
        can't be read.
        """

    def read(self, runs: Sequence[Block], buffers: Sequence[memoryview]) -> None:
        """Fill the buffers, one after the other, with the bytes of these runs inside pieces.

        The copied bytes stay right, however long they wait to be sent. Raises OSError likewise.
        """

    def check(self, runs: Sequence[Block]) -> None:
        """Check that these runs are still what was verified; raises OSError when they are not.

        Call it just before their views are passed to the kernel.
        """

    def piece_size(self, piece: PieceIndex) -> int:
        """Return the length of the piece in bytes."""

    def doubt(self, pieces: Sequence[PieceIndex]) -> None:
        """Check these pieces before they are sent again: a peer seems to have found them wrong."""

    def on_content_lost(self) -> None:
        """Report that a file got shorter while it was sent; called in the writer's thread."""


def gather(
    control: bytes, runs: Sequence[BlockRun], source: BlockSource
) -> list[bytes | memoryview]:
    """Return `control`, then the blocks' headers and payloads, as buffers for the kernel."""
    buffers: list[bytes | memoryview] = [control] if control else []
    for run in runs:
        buffers += _run_buffers(run, source)
    return buffers


def staged_size(runs: Sequence[BlockRun]) -> int:
    """Return how many bytes `stage` needs for these blocks."""
    return sum(run.count * (HEADER_SIZE + run.size) for run in runs)


def stage(runs: Sequence[BlockRun], source: BlockSource, buffer: memoryview) -> None:
    """Copy the blocks' headers and payloads into the buffer, one after the other."""
    position = 0
    payloads: list[memoryview] = []
    for run in runs:
        unit = HEADER_SIZE + run.size
        end = position + run.count * unit
        headers = piece_headers(run)
        for byte in range(HEADER_SIZE):  # one assignment for all blocks
            buffer[position + byte : end : unit] = headers[byte::HEADER_SIZE]
        starts = range(position + HEADER_SIZE, end, unit)
        payloads += [buffer[start : start + run.size] for start in starts]
        position = end
    source.read([run.extent for run in runs], payloads)


def _run_buffers(run: BlockRun, source: BlockSource) -> list[bytes | memoryview]:
    """Return headers and payloads of a run, with a single look at the file."""
    headers = piece_headers(run)
    views = source.block_views(run.extent)
    starts = range(0, len(headers), HEADER_SIZE)
    if len(views) == 1:
        view = views[0]
        buffers: list[bytes | memoryview] = [view] * (2 * run.count)
        buffers[0::2] = [headers[start : start + HEADER_SIZE] for start in starts]
        places = range(0, run.length, run.size)
        buffers[1::2] = [view[place : place + run.size] for place in places]
        return buffers
    buffers = []
    for start, block in zip(starts, run.blocks(), strict=True):
        buffers += (headers[start : start + HEADER_SIZE], *source.block_views(block))
    return buffers
