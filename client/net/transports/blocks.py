"""The answers to a peer's requests, laid out to be sent together (BEP 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from client.core.swarm.piece_download import HEADER_SIZE
from common.types import Block, PieceIndex
from common.wire.codec import piece_header


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
    control: bytes, blocks: Sequence[Block], source: BlockSource
) -> list[bytes | memoryview]:
    """Return `control`, then the blocks' headers and payloads, as buffers for the kernel."""
    buffers: list[bytes | memoryview] = [control] if control else []
    for run in _runs(blocks):
        buffers += _run_buffers(run, source)
    return buffers


def merged(blocks: Sequence[Block]) -> list[Block]:
    """Return the same bytes as fewer blocks: adjacent ones become one run."""
    return [_whole(run) for run in _runs(blocks)]


def staged_size(blocks: Sequence[Block]) -> int:
    """Return how many bytes `stage` needs for these blocks."""
    return sum(HEADER_SIZE + block.length for block in blocks)


def stage(blocks: Sequence[Block], source: BlockSource, buffer: memoryview) -> None:
    """Copy the blocks' headers and payloads into the buffer, one after the other."""
    position = 0
    payloads = []
    for block in blocks:
        payload = position + HEADER_SIZE
        buffer[position:payload] = piece_header(block)
        position = payload + block.length
        payloads.append(buffer[payload:position])
    source.read(merged(blocks), payloads)


def _run_buffers(run: list[Block], source: BlockSource) -> list[bytes | memoryview]:
    """Return headers and payloads of adjacent blocks, with a single look at the file."""
    first = run[0]
    views = source.block_views(_whole(run))
    buffers: list[bytes | memoryview] = []
    for block in run:
        buffers.append(piece_header(block))
        if len(views) == 1:
            start = block.begin - first.begin
            buffers.append(views[0][start : start + block.length])
        else:
            buffers += source.block_views(block)
    return buffers


def _whole(run: list[Block]) -> Block:
    first = run[0]
    return Block(first.piece, first.begin, sum(block.length for block in run))


def _runs(blocks: Sequence[Block]) -> list[list[Block]]:
    """Split a list of blocks into runs of adjacent ones."""
    runs: list[list[Block]] = []
    follows: tuple[int, int] | None = None
    for block in blocks:
        if follows == (block.piece, block.begin):
            runs[-1].append(block)
        else:
            runs.append([block])
        follows = (block.piece, block.begin + block.length)
    return runs
