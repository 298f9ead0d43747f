"""Downloads to touch, and few descriptors for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.storage.files.handles import OPEN
from client.storage.files.torrent_files import TorrentFiles
from common.types import PieceIndex
from tests.unit.client.storage.contents import PIECE, describe, write_piece
from tests.unit.client.storage.files.proof import CONTENT


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    before, OPEN.limit = OPEN.limit, 64
    OPEN.close_idle()
    yield
    OPEN.limit = before


@pytest.fixture
def files(tmp_path: Path) -> Iterator[TorrentFiles]:
    """A download of one file that lacks only its last piece."""
    with TorrentFiles(describe(CONTENT), tmp_path / "f") as files:
        files.open_partial()
        for number in range(8):
            write_piece(
                files,
                PieceIndex(number),
                memoryview(CONTENT)[number * PIECE : (number + 1) * PIECE],
            )
        yield files
