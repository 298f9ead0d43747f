"""What a simulated node has of each peer: the blocks that it expects, and those that wait."""

from __future__ import annotations

from client.core.protocol.peer_stream_decoder import PieceDropped, PieceReceived, StreamEvent
from client.core.swarm.piece_download import PieceDownload, Slots
from common.types import BLOCK_SIZE, Block
from tests.support.swarm.runs import one
from tests.support.swarm.waiting_blocks import WaitingBlocks


class Memory:
    """Buffers for any number of pieces, none of which is ever filled."""

    def __init__(self, size: int = 0) -> None:
        self.size = size

    @property
    def view(self) -> memoryview:
        raise AssertionError("no bytes arrive here")

    @property
    def slots(self) -> Slots:
        raise AssertionError("no bytes arrive here")

    def take(self, size: int) -> Memory:
        return Memory(size)

    def give_back(self, buffer: Memory) -> None:
        pass


class Link:
    """A node's expected blocks from one peer (an IncomingStream), and its queue to that peer."""

    __slots__ = ("_expected", "payload", "uploads", "wasted")

    def __init__(self) -> None:
        self.payload = 0
        self.wasted = 0
        self.uploads = WaitingBlocks()
        self._expected: dict[Block, PieceDownload] = {}

    @property
    def outstanding(self) -> int:
        return len(self._expected)

    def expect(self, download: PieceDownload, numbers: range) -> None:
        for number in numbers:
            self._expected[download.block(number)] = download

    def withdraw(self, piece: int, begin: int) -> PieceDownload | None:
        for block, download in self._expected.items():
            if (block.piece, block.begin) == (piece, begin):
                del self._expected[block]
                download.withdraw(begin // BLOCK_SIZE)
                return download
        return None

    def forget(self) -> None:
        raise AssertionError("all nodes know BEP 6")

    def take(self, block: Block) -> list[StreamEvent]:
        """Receive a block; return the events."""
        download = self._expected.pop(block, None)
        if download is None:
            self.wasted += block.length
            return []
        download.receive(one(block.begin // BLOCK_SIZE))
        self.payload += block.length
        return [PieceReceived(download)] if download.complete else []

    def drop_cancelled(self) -> list[StreamEvent]:
        """Drop cancelled requests; return the events."""
        cancelled = {d.index: d for d in self._expected.values() if d.cancelled}
        self._expected = {b: d for b, d in self._expected.items() if not d.cancelled}
        return [PieceDropped(download) for download in cancelled.values()]
