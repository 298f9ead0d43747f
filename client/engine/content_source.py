"""What the peers of a torrent are sent, straight from its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from client.storage.files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from common.types import Block, PieceIndex


class ContentSource:
    """A BlockSource that lets no byte out of a piece that is not known to be right.

    `fail` hears why the content can't be read, `damaged` that a piece is wrong though its file
    looks untouched: neither is the peer's fault.
    """

    def __init__(
        self,
        files: TorrentFiles,
        fail: Callable[[MinitorrentError], None],
        damaged: Callable[[], None],
    ) -> None:
        self._files = files
        self._fail = fail
        self._damaged = damaged

    def block_views(self, block: Block) -> Sequence[memoryview]:
        """See BlockSource."""
        with self._reading():
            return self._files.views(block.piece, block.begin, block.length)

    def read_block(self, block: Block, buffer: memoryview) -> None:
        """See BlockSource."""
        with self._reading():
            proven = False
            while not proven:  # it is in doubt again when somebody touched the file meanwhile
                self._require(block.piece)
                self._files.read_into(block.piece, block.begin, buffer)
                proven = self._files.is_proven(block.piece)

    def check(self, runs: Sequence[Block]) -> None:
        """See BlockSource."""
        with self._reading():
            for run in runs:
                self._files.look(run.piece, run.begin, run.length)
                self._require(run.piece)

    def piece_size(self, piece: PieceIndex) -> int:
        """See BlockSource."""
        return self._files.metainfo.geometry.piece_size(piece)

    def doubt(self, pieces: Sequence[PieceIndex]) -> None:
        """See BlockSource."""
        self._files.doubt(pieces)

    def _require(self, piece: PieceIndex) -> None:
        if not self._files.prove(piece):
            self._damaged()
            raise OSError(f"piece {piece} is wrong on the disk")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except MinitorrentError as error:
            self._fail(error)
            raise OSError(error.message) from error

    def on_content_lost(self) -> None:
        """See BlockSource."""
        self._fail(
            MinitorrentError(
                ErrorCode.FILE_CHANGED,
                f"{str(self._files.path)!r} was cut short while it was being sent; put it back "
                "and recheck, or share it anew.",
            )
        )
