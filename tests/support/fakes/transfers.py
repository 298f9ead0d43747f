"""Transfers without network, threads or waiting, on a real disk and a real database.

What a transfer gets from others is a fake that satisfies its protocol: the announcer, the group's
credentials, the jobs, the free space of the disk, and everything in `tests.support.fakes.torrents`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from client.core.notices.events import Event
from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.event_bus import EventBus
from client.net.tracker.announced import Announced, UnidentifiedPeer
from client.net.transports.group_tls import GroupTls
from client.results.transfers import TransferState
from client.state.database import Database
from client.state.rate_limits import RateLimitStore
from client.state.transfers import NewTransfer, TransferRecord, TransferStore
from client.storage.files.write_back import WriteBack
from client.torrent.torrent import Torrent
from client.transfers.disk_space import DiskSpace
from client.transfers.download_scheduler import DownloadScheduler
from client.transfers.rate_limits import RateLimits
from client.transfers.transfer import Transfer
from client.transfers.transfer_context import TransferContext
from client.transfers.transfer_storage import TransferStorage
from common import metainfo
from common.bitfield import Bitfield
from common.errors import ErrorCode
from common.metainfo import Metainfo
from common.types import InfoHash
from tests.support.fakes.connections import Seeder
from tests.support.fakes.torrents import PEER_AT, FakeClient, connect_member

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

PLENTY = 1 << 40


class ManualJobs(Executor):
    """Keeps the jobs that are submitted until a test runs them, one after the other."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], object]] = []

    def submit(
        self,
        fn: Callable[Arguments, Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Result]:
        self._waiting.append(lambda: fn(*args, **kwargs))
        return Future()  # nobody waits for it

    def run(self) -> None:
        """Run all jobs, and those that they submit."""
        while self._waiting:
            self._waiting.pop(0)()


class FakeAnnouncer:
    """A TransferAnnouncer that keeps the `announced` torrents, and earlier announces."""

    def __init__(self) -> None:
        self.announced: dict[InfoHash, Announced] = {}
        self.completions: list[InfoHash] = []
        self.questions: list[tuple[InfoHash, UnidentifiedPeer]] = []
        self.on_remove: Callable[[], object] = lambda: None
        self.owes_completions = False

    def add(self, announced: Announced) -> None:
        self.announced[announced.info_hash] = announced

    def completed(self, info_hash: InfoHash) -> None:
        assert info_hash in self.announced, "it is not announced"
        self.completions.append(info_hash)

    def remove(self, info_hash: InfoHash) -> None:
        self.announced.pop(info_hash, None)
        self.on_remove()

    def identify(self, info_hash: InfoHash, peer: UnidentifiedPeer) -> None:
        self.questions.append((info_hash, peer))


class FakeCredentials:
    """GroupCredentials of open groups; with an `error`, the tracker refuses.

    Shares rest from the start once their group `is_known`.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.is_known = False

    def group_tls(self, group: str, authority: str | None) -> GroupTls | None:
        if self.error is not None:
            raise self.error
        return None

    def knows(self, group: str) -> bool:
        return self.is_known


class TransferLab:
    """Creates a client's transfers with their shared context; `free` is the disk space."""

    def __init__(
        self,
        database: Database,
        places: int = 5,
        store: TransferStore | None = None,
        write_back: WriteBack | None = None,
    ) -> None:
        self.client = FakeClient()
        self.clock = self.client.clock
        self.store = store or TransferStore(database)
        self.announcer = FakeAnnouncer()
        self.credentials = FakeCredentials()
        self.jobs = ManualJobs()
        self.scheduler = DownloadScheduler(places, self.clock)
        self.free = PLENTY
        self.disk = DiskSpace(lambda _: self.free)
        self.happened: list[Event] = []
        events = EventBus()
        events.subscribe(Event, self.happened.append)
        self.context = TransferContext(
            self.client.context(),
            self.store,
            self.announcer,
            self.credentials,
            self.scheduler,
            RateLimits(RateLimitStore(database), self.clock, events),
            self.disk,
            self.jobs,
            events,
            write_back=write_back,
        )

    def record(
        self,
        described: Metainfo,
        path: Path,
        *,
        is_upload: bool = False,
        complete: bool = False,
        options: DownloadOptions = DEFAULT_OPTIONS,
        group: str = "lab",
        name: str = "",
    ) -> TransferRecord:
        """A new record in the database."""
        return self.store.add(
            NewTransfer(
                user="ann",
                group=group,
                name=name or described.name,
                info_hash=described.info_hash,
                metainfo=metainfo.encode(described.info_bytes),
                path=path,
                added_at=datetime.now(UTC),
                is_upload=is_upload,
                complete=complete or is_upload,
                options=options,
            )
        )

    def open(self, record: TransferRecord) -> Transfer:
        """The transfer of a record."""
        context = self.context
        storage = TransferStorage(record, self.store, write_back=context.write_back)
        return Transfer(storage, context)

    def reopen(self, transfer: Transfer) -> Transfer:
        """The same transfer as the next run of the client finds it in the database."""
        return self.open(self.saved(transfer))

    def saved(self, transfer: Transfer) -> TransferRecord:
        """Return a transfer's database record."""
        record = self.store.get(transfer.record.id)
        assert record is not None
        return record

    def saved_pieces(self, transfer: Transfer) -> list[int]:
        """Return the pieces recorded as verified."""
        bits = self.saved(transfer).bitfield
        return list(Bitfield.from_bytes(bits, transfer.metainfo.piece_count)) if bits else []

    def seeder(
        self, transfer: Transfer, content: bytes, user: str = "bob", host: str = PEER_AT.host
    ) -> Seeder:
        """Connect a member with the whole content to an active transfer."""
        connection = connect_member(self.client, torrent_of(transfer), user, host)
        seeder = Seeder(connection, transfer.metainfo, content)
        seeder.offer()
        return seeder


def torrent_of(transfer: Transfer) -> Torrent:
    """The torrent of an active transfer."""
    torrent = transfer.torrent
    assert torrent is not None, transfer.state
    return torrent


def shown(transfer: Transfer) -> TransferState:
    """The state of a transfer as users see it."""
    return transfer.state


def failure(transfer: Transfer) -> ErrorCode | None:
    """Why a transfer has failed or waits, if it does."""
    return transfer.error.code if transfer.error is not None else None
