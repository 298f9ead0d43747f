"""The answers to a peer's requests, laid out to be sent in one go (BEP 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from client.core.piece_download import HEADER_SIZE
from common.types import Block, PieceIndex
from common.wire.codec import piece_header


class BlockSource(Protocol):
    """Where the blocks' bytes are."""

    def block_views(self, block: Block) -> Sequence[memoryview]:
        """The bytes of a run inside a piece, in order, without copying them.

        Only the kernel may read them: they may be memory-mapped. Raises OSError when the content
        can't be read.
        """

    def read(self, runs: Sequence[Block], buffers: Sequence[memoryview]) -> None:
        """Fill the buffers, one after the other, with the bytes of these runs inside pieces.

        What is there then is right, however long it waits to be sent. Raises OSError likewise.
        """

    def check(self, runs: Sequence[Block]) -> None:
        """Look whether these runs are still what was verified; OSError when they are not.

        To be called just before their views are given to the kernel.
        """

    def piece_size(self, piece: PieceIndex) -> int:
        """Length of the piece (bytes)."""

    def doubt(self, pieces: Sequence[PieceIndex]) -> None:
        """A peer seems to have found these wrong: look at them before they are sent again."""

    def on_content_lost(self) -> None:
        """The content could not be sent: a file has been cut short; in the writer's thread."""


def in_place(
    control: bytes, blocks: Sequence[Block], source: BlockSource
) -> list[bytes | memoryview]:
    """`control` and then the blocks' headers and payloads, as buffers for the kernel."""
    buffers: list[bytes | memoryview] = [control] if control else []
    for run in _runs(blocks):
        buffers += _run_buffers(run, source)
    return buffers


def merged(blocks: Sequence[Block]) -> list[Block]:
    """The same bytes as fewer blocks: those that lie side by side become one run."""
    return [_whole(run) for run in _runs(blocks)]


def staged_size(blocks: Sequence[Block]) -> int:
    """Bytes that `stage` needs for these blocks."""
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
    """Headers and payloads of blocks that lie side by side: one look at the file for all."""
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
    """Cut a list of blocks where one does not follow on the one before."""
    runs: list[list[Block]] = []
    follows: tuple[int, int] | None = None
    for block in blocks:
        if follows == (block.piece, block.begin):
            runs[-1].append(block)
        else:
            runs.append([block])
        follows = (block.piece, block.begin + block.length)
    return runs
