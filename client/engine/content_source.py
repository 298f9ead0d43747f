"""What the peers of a torrent are sent, straight from its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from client.storage.files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from common.types import Block


class ContentSource:
    """A BlockSource. `fail` hears why the content can't be read: that is no peer's fault."""

    def __init__(self, files: TorrentFiles, fail: Callable[[MinitorrentError], None]) -> None:
        self._files = files
        self._fail = fail

    def block_views(self, block: Block) -> Sequence[memoryview]:
        """See BlockSource."""
        try:
            return self._files.views(block.piece, block.begin, block.length)
        except MinitorrentError as error:
            self._fail(error)
            raise OSError(error.message) from error

    def read_block(self, block: Block, buffer: memoryview) -> None:
        """See BlockSource."""
        try:
            self._files.read_into(block.piece, block.begin, buffer)
        except MinitorrentError as error:
            self._fail(error)
            raise OSError(error.message) from error

    def check(self, runs: Sequence[Block]) -> None:
        """See BlockSource."""
        try:
            for run in runs:
                self._files.look(run.piece, run.begin, run.length)
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
