"""Stock BitTorrent clients, driven as real peers.

Each is a context manager with the same four things: `address`, where it accepts peers;
`add(torrent, folder)`, which starts downloading, or seeding what is already in the folder, from a
metainfo file or a magnet link; `is_complete(torrent)`; and `connect(torrent, peer)` where the
client can be told to dial a peer.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol, TypeAlias

import pytest

from common.types import Endpoint
from tests.support.namespace import can_make_networks

Torrent: TypeAlias = Path | str
"""A metainfo file, or a magnet link."""


class StockClient(Protocol):
    """What every driver offers."""

    @property
    def address(self) -> Endpoint: ...

    def add(self, torrent: Torrent, folder: Path) -> None: ...

    def is_complete(self, torrent: Torrent) -> bool: ...


def require(*tools: str, network: bool = False) -> None:
    """Skip the test where a program, or the right to make networks, is missing.

    With CI set in the environment that is a failure: there, nothing may be missing.
    """
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if network and not can_make_networks():
        missing.append("root, to make a network namespace")
    if not missing:
        return
    reason = f"needs {', '.join(missing)}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
