"""Stock BitTorrent clients, driven as real peers.

Each is a context manager with the same four members: `address`, where it accepts peers;
`add(torrent, folder)`, which starts downloading, or seeding what is already in the folder, from a
metainfo file or a magnet link; `is_complete(torrent)`; and `connect(torrent, peer)` where the
client can dial a given peer. `tuned`, where there is a choice, is for the quickest and
quietest run; otherwise the client is as shipped, except its paths, its ports, its address, and
what it needs to run without anybody at its screen.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Protocol, TypeAlias

import bencode2

from common.types import Endpoint
from tests.support.ports import free_port

Torrent: TypeAlias = Path | str
"""A metainfo file, or a magnet link."""


class StockClient(Protocol):
    """The interface of every driver."""

    @property
    def address(self) -> Endpoint: ...

    def add(self, torrent: Torrent, folder: Path) -> None: ...

    def is_complete(self, torrent: Torrent) -> bool: ...


def place(where: str | Endpoint) -> Endpoint:
    """Return the address where a client accepts peers: at a host, or that of its last run."""
    return where if isinstance(where, Endpoint) else Endpoint(where, free_port())


def info_hash_of(torrent: Torrent) -> str:
    """Return a client's own identifier of a torrent, in lower case."""
    if isinstance(torrent, str):
        found = re.search("urn:btih:([0-9a-fA-F]{40})", torrent)
        assert found, torrent
        return found[1].lower()
    info = bencode2.bdecode(torrent.read_bytes())[b"info"]
    return hashlib.sha1(bencode2.bencode(info)).hexdigest()
