"""What the torrents of a client share, and who hears what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from client.core.limits import Limits
from client.net.announcer import Stranger
from client.net.dialer import Dialer
from client.storage.buffers import BufferPool
from client.storage.worker import WorkerPool
from common.errors import MinitorrentError
from common.types import PeerId


@dataclass(frozen=True, slots=True)
class Machinery:
    """What all torrents of a client share. `port` is where this client accepts peers."""

    peer_id: PeerId
    port: int
    client_name: str
    clock: Callable[[], float]
    rng: Random
    dialer: Dialer
    buffers: BufferPool
    workers: WorkerPool
    limits: Limits


class TorrentOwner(Protocol):
    """Who hears what becomes of a torrent; called by its threads, outside its lock."""

    def on_complete(self) -> None:
        """The last piece is verified and written; it is not synced yet."""

    def on_failed(self, error: MinitorrentError) -> None:
        """The content can't be read or written any more."""

    def on_stranger(self, stranger: Stranger) -> None:
        """A peer has come of whom the tracker told nothing; `identified` is to be called."""
