"""What all transfers of a client share."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from client.event_bus import EventBus
from client.membership.credentials import Credentials
from client.net.tracker.announcer import Announcer
from client.state.transfers import Transfers
from client.torrent.torrent_context import TorrentContext
from client.transfers.disk_space import DiskSpace
from client.transfers.download_scheduler import DownloadScheduler
from client.transfers.rate_limits import RateLimits


@dataclass(frozen=True, slots=True)
class TransferContext:
    """What all transfers of a client share. They publish on `events` how they end."""

    torrent_context: TorrentContext
    store: Transfers
    announcer: Announcer
    credentials: Credentials
    scheduler: DownloadScheduler
    rate_limits: RateLimits
    disk: DiskSpace
    jobs: Executor
    events: EventBus
