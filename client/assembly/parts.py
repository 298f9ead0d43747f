"""The classes whose instances connect a client to disks, networks and its database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from client.net.peers.dialer import Dialer
from client.net.peers.listener import Listener
from client.net.tracker.tracker_client import TrackerClient
from client.state.transfers import TransferStore
from client.storage.files.torrent_files import TorrentFiles


@dataclass(frozen=True, slots=True)
class Parts:
    """The classes that a client is built from; a subclass can replace each of them.

    `files` opens the content of transfers, `store` their records.
    """

    listener: type[Listener] = Listener
    dialer: type[Dialer] = Dialer
    tracker_client: type[TrackerClient] = TrackerClient
    store: type[TransferStore] = TransferStore
    files: type[TorrentFiles] = TorrentFiles


DEFAULT_PARTS: Final = Parts()
