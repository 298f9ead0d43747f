"""Torrents of four pieces, each of two blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.types import BLOCK_SIZE
from tests.support.fake_torrents import FakeClient, TorrentBench
from tests.unit.client.storage.contents import describe, random_bytes

PIECE = 2 * BLOCK_SIZE
CONTENT = random_bytes(4 * PIECE)

Bench = Callable[..., TorrentBench]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Make a torrent that has some pieces, with the parts of a client."""
    with ExitStack() as closing:

        def make(*have: int, client: FakeClient | None = None) -> TorrentBench:
            described = describe(CONTENT, piece_length=PIECE)
            made = TorrentBench(tmp_path / "content", CONTENT, described, have, client)
            closing.callback(made.close)
            return made

        yield make
