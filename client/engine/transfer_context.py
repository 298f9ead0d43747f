"""What all transfers of a client share."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from client.engine.credentials import Credentials
from client.engine.download_scheduler import DownloadScheduler
from client.engine.event_bus import EventBus
from client.engine.rate_limits import RateLimits
from client.engine.torrent_context import TorrentContext
from client.net.announcer import Announcer
from client.state.transfers import Transfers


@dataclass(frozen=True, slots=True)
class TransferContext:
    """What all transfers of a client share. They publish on `events` how they end."""

    torrent_context: TorrentContext
    store: Transfers
    announcer: Announcer
    credentials: Credentials
    scheduler: DownloadScheduler
    rate_limits: RateLimits
    jobs: Executor
    events: EventBus
