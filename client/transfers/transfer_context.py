"""What all transfers of a client share."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

from client.event_bus import EventBus
from client.net.tracker.announced import Announced, UnidentifiedPeer
from client.net.transports.group_tls import GroupTls
from client.state.transfers import TransferStore
from client.storage.files.torrent_files import TorrentFiles
from client.storage.files.write_back import WriteBack
from client.torrent.torrent_context import TorrentContext
from client.transfers.changes import Changes
from client.transfers.disk_space import DiskSpace
from client.transfers.download_scheduler import DownloadScheduler
from client.transfers.lively import Lively
from client.transfers.rate_limits import RateLimits
from common.types import InfoHash


class TransferAnnouncer(Protocol):
    """Announces active transfers to the tracker; Announcer does. Every method returns at once."""

    def add(self, announced: Announced) -> None:
        """Start to announce a transfer."""

    def completed(self, info_hash: InfoHash) -> None:
        """Announce that it is complete."""

    @property
    def owes_completions(self) -> bool:
        """Whether the tracker, which is connected, has yet to learn that a transfer is complete."""

    def remove(self, info_hash: InfoHash) -> None:
        """Announce that it is stopped."""

    def identify(self, info_hash: InfoHash, peer: UnidentifiedPeer) -> None:
        """Ask the tracker whether an incoming peer is a member."""


class GroupCredentials(Protocol):
    """Knows our certificates in sealed groups; Credentials does."""

    def group_tls(self, group: str, authority: str | None) -> GroupTls | None:
        """Return the GroupTls of a group with this authority (PEM); None for an open group.

        Raises MinitorrentError: the tracker's refusal.
        """

    def knows(self, group: str) -> bool:
        """Return whether `group_tls` has succeeded for a group since the login."""


@dataclass(frozen=True, slots=True)
class TransferContext:
    """What all transfers of a client share. They publish on `events` how they end."""

    torrent_context: TorrentContext
    store: TransferStore
    announcer: TransferAnnouncer
    credentials: GroupCredentials
    scheduler: DownloadScheduler
    rate_limits: RateLimits
    disk: DiskSpace
    jobs: Executor
    events: EventBus
    files: type[TorrentFiles] = TorrentFiles
    write_back: WriteBack | None = None
    lively: Lively = field(default_factory=Lively)
    changes: Changes = field(default_factory=Changes)
