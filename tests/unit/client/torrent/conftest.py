"""Torrents of four pieces, each of two blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from client.net.transports.group_tls import GroupTls
from common.types import BLOCK_SIZE
from tests.support.fakes.torrents import FakeClient, TorrentBench
from tests.unit.client.storage.contents import describe, random_bytes

PIECE = 2 * BLOCK_SIZE
CONTENT = random_bytes(4 * PIECE)

Bench = Callable[..., TorrentBench]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Make a torrent that has some pieces, with the parts of a client."""
    with ExitStack() as closing:

        def make(
            *have: int, client: FakeClient | None = None, group_tls: GroupTls | None = None
        ) -> TorrentBench:
            described, final = describe(CONTENT, piece_length=PIECE), tmp_path / "content"
            made = TorrentBench(final, CONTENT, described, have, client, group_tls=group_tls)
            closing.callback(made.close)
            return made

        yield make
