"""The content that a torrent uploads, read from its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from client.storage.files.torrent_files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from common.types import Block, PieceIndex


class ContentSource:
    """A BlockSource that only sends bytes of pieces known to be right.

    It calls `fail` with the error when the content can't be read, and `damaged` when a piece is
    wrong though its file looks untouched: neither is the peer's fault.
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
        try:
            return self._files.views(block.piece, block.begin, block.length)
        except MinitorrentError as error:
            raise self._reported(error) from error

    def read(self, runs: Sequence[Block], buffers: Sequence[memoryview]) -> None:
        """See BlockSource."""
        self._undisturbed(runs, lambda: self._files.read(runs, buffers))

    def check(self, runs: Sequence[Block]) -> None:
        """See BlockSource."""
        self._undisturbed(runs, lambda: None)

    def piece_size(self, piece: PieceIndex) -> int:
        """See BlockSource."""
        return self._files.metainfo.geometry.piece_size(piece)

    def doubt(self, pieces: Sequence[PieceIndex]) -> None:
        """See BlockSource."""
        self._files.doubt(pieces)

    def on_content_lost(self) -> None:
        """See BlockSource."""
        self._fail(
            MinitorrentError(
                ErrorCode.FILE_CHANGED,
                f"{str(self._files.path)!r} got shorter while it was being sent. Put it back "
                "and recheck, or share it again.",
            )
        )

    def _undisturbed(self, runs: Sequence[Block], use: Callable[[], None]) -> None:
        """Call `use` while the pieces of these runs are verified.

        Repeats it if a file was touched meanwhile.
        """
        pieces = {run.piece for run in runs}
        try:
            done = False
            while not done:
                touches = self._files.touches
                for piece in pieces:
                    self._require(piece)
                use()
                self._files.look(runs)  # afterwards: what was read before a change is right
                proven = all(map(self._files.is_proven, pieces))
                done = proven and self._files.touches == touches
        except MinitorrentError as error:
            raise self._reported(error) from error

    def _require(self, piece: PieceIndex) -> None:
        """Raise OSError, after reporting the damage, when this piece is wrong."""
        if not self._files.prove(piece):
            self._damaged()
            raise OSError(f"piece {piece} is wrong on the disk")

    def _reported(self, error: MinitorrentError) -> OSError:
        """Report an error of the content; returns it as the OSError of a BlockSource."""
        self._fail(error)
        return OSError(error.message)
