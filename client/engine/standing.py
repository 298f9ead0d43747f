"""How it stands with a transfer: what can be asked at any time, and never waits."""

from __future__ import annotations

from pathlib import Path

from client.engine.disk_space import SpaceWait
from client.engine.results import TransferState
from client.engine.torrent import Torrent
from client.engine.transfer_context import TransferContext
from client.engine.transfer_storage import TransferStorage
from client.net.group_tls import GroupTls
from client.state.transfers import TransferRecord
from common.errors import MinitorrentError
from common.types import InfoHash


class Standing:
    """What a transfer is and how far; the transfer itself sets it."""

    def __init__(self, record: TransferRecord, context: TransferContext) -> None:
        self.storage = TransferStorage(record, context.store)
        self.metainfo = self.storage.metainfo
        self.state = TransferState.PAUSED
        self.error: MinitorrentError | None = None
        self.started_at = 0.0
        self.ended_at = 0.0
        self.fetched = 0  # payload bytes of the run that completed it
        self.sources = 0  # peers that they came from
        self._context = context
        self._torrent: Torrent | None = None
        self._seal: GroupTls | None = None
        self._done = 0  # verified bytes, while there is no torrent
        self._recheck = False  # the next check is to hash everything
        self._ending = False  # it has ended; those who wait for it are still to be told how
        self.room = SpaceWait()  # while it is on: paused, and `error` tells what is missing

    def __repr__(self) -> str:
        return f"Transfer({self.record.group}/{self.record.name}, {self.state.value})"

    # --- what there is ----------------------------------------------------------------------
    @property
    def record(self) -> TransferRecord:
        """What the database keeps of it."""
        return self.storage.record

    @property
    def info_hash(self) -> InfoHash:
        """See Announced."""
        return self.metainfo.info_hash

    @property
    def torrent(self) -> Torrent | None:
        """The torrent at work, while there is one."""
        return self._torrent

    @property
    def seal(self) -> GroupTls | None:
        """What peers of a sealed group show each other, while there is a torrent."""
        return self._seal if self._torrent is not None else None

    @property
    def path(self) -> Path:
        """Where the content is, or will be."""
        return self.storage.files.final

    @property
    def title(self) -> str:
        """`GROUP/NAME`."""
        return f"{self.record.group}/{self.record.name}"

    @property
    def is_idle(self) -> bool:
        """Whether it is shared and nobody is connected for it, as most of many shares."""
        torrent = self.torrent
        is_seed = self.state is TransferState.SEEDING
        return is_seed and torrent is not None and not torrent.connection_count

    @property
    def is_running(self) -> bool:
        """Whether it is a download that can be expected to go on, or is checked to find out."""
        running = self.state in (
            TransferState.QUEUED,
            TransferState.CHECKING,
            TransferState.DOWNLOADING,
        )
        to_complete = not self.record.complete or (self._recheck and not self.record.is_upload)
        return self._ending or (running and to_complete)

    @property
    def size(self) -> int:
        """Bytes that are wanted."""
        return self.storage.goal.length

    @property
    def done(self) -> int:
        """Verified bytes of them, on the disk."""
        torrent = self._torrent
        if torrent is None:
            return self.size if self.record.complete else self._done
        return torrent.done

    @property
    def missing(self) -> int:
        """Wanted bytes that are still to come."""
        return self.size - self.done

    @property
    def left(self) -> int:
        """See Announced."""
        torrent = self._torrent
        return torrent.left if torrent is not None else self.metainfo.size - self.done

    @property
    def priority(self) -> int:
        """See Queued."""
        return self.storage.plan.priority

    @property
    def transferred(self) -> tuple[int, int]:
        """See Announced."""
        torrent = self._torrent
        return (torrent.uploaded, torrent.downloaded) if torrent else (0, 0)

    @property
    def needs_peers(self) -> bool:
        """See Announced, and Queued."""
        torrent = self._torrent
        return torrent is not None and not torrent.complete and not torrent.connection_count
