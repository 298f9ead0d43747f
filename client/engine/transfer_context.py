"""What all transfers of a client share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from client.engine.credentials import Credentials
from client.engine.download_scheduler import DownloadScheduler
from client.engine.rate_limits import RateLimits
from client.engine.torrent_context import TorrentContext
from client.net.announcer import Announcer
from client.state.transfers import Transfers

if TYPE_CHECKING:
    from client.engine.transfer import Transfer


@dataclass(frozen=True, slots=True)
class TransferContext:
    """What all transfers of a client share.

    `ended` is called with a transfer that completed or failed, `damaged` with one that has lost
    so many pieces, which are downloaded again.
    """

    torrent_context: TorrentContext
    store: Transfers
    announcer: Announcer
    credentials: Credentials
    scheduler: DownloadScheduler
    rate_limits: RateLimits
    jobs: Executor
    ended: Callable[[Transfer], None]
    damaged: Callable[[Transfer, int], None]
