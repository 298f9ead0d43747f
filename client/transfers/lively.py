"""Which transfers need time: of very many, most are shares that nobody downloads."""

from __future__ import annotations

import threading
from typing import Protocol

from client.transfers.active_torrents import HasTorrent


class Ticking(HasTorrent, Protocol):
    """A transfer that something is to be done for now and then."""

    def tick(self) -> None:
        """Do what is due a few times a second."""


class Lively:
    """The transfers that have a torrent, or wait for space on the disk. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: dict[Ticking, None] = {}

    def put(self, transfer: Ticking, *, is_lively: bool) -> None:
        """Take note of what a transfer is now."""
        with self._lock:
            if is_lively:
                self._members[transfer] = None
            else:
                self._members.pop(transfer, None)

    def all(self) -> list[Ticking]:
        """Return them, those that have been so for the longest time first."""
        with self._lock:
            return list(self._members)
