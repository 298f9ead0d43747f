"""Downloads and downloading with a tracker in memory, on a real disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.services.content.downloads import Downloads
from client.services.content.metainfo_links import MetainfoLinks
from client.services.content.removals import Removals
from client.services.content.uploads import HashProgress, Offer, Uploads
from client.state.database import Database
from client.state.transfers import TransferRecord
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from common import metainfo
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from common.metainfo import Metainfo
from tests.support.databases.stored import transfers_of
from tests.support.fakes.tracker_calls import FakeTrackerCalls
from tests.support.fakes.transfers import TransferLab


class Sharer:
    """Ann's client, in the group lab; `warnings` are those shown to her."""

    def __init__(self, database: Database) -> None:
        self.lab = TransferLab(database)
        self.tracker = FakeTrackerCalls()
        self.manager = TransferManager(self.lab.context)
        self.warnings: list[str] = []
        self.of_peers: Metainfo | None = None
        self.prepared: list[str] = []  # groups whose members she is about to meet
        tell = self.warnings.append
        links = MetainfoLinks(self.tracker, self._fetch)
        self.downloads = Downloads(
            self.tracker,
            links,
            self.lab.store,
            self.manager,
            self.lab.disk,
            tell,
            self.prepared.append,
        )
        self.uploads = Uploads(self.tracker, links, self.lab.store, self.manager, tell)
        self.removals = Removals(self.tracker, self.manager, self.lab.jobs, self.lab.context.events)

    def _fetch(self, _: Magnet) -> bytes:
        """The info dictionary from a magnet link's peers."""
        if self.of_peers is None:
            raise MinitorrentError(ErrorCode.TIMEOUT, "None of the peers answered.")
        return self.of_peers.info_bytes

    def upload(
        self, path: Path, name: str | None = None, progress: HashProgress | None = None
    ) -> Transfer:
        transfer = self.uploads.upload("ann", "lab", Offer(path, name), progress)
        self.lab.jobs.run()
        return transfer

    def download(self, name: str, to: Path, options: DownloadOptions = DEFAULT_OPTIONS) -> Transfer:
        transfer = self.downloads.download("ann", "lab", name, str(to), options)
        self.lab.jobs.run()
        return transfer

    def offered(self, described: Metainfo) -> Metainfo:
        """Return another member's share."""
        self.tracker.shared[described.name] = described
        return metainfo.parse(metainfo.encode(described.info_bytes))

    @property
    def records(self) -> list[TransferRecord]:
        return transfers_of(self.lab.store, "ann")


@pytest.fixture
def ann(database: Database) -> Iterator[Sharer]:
    ann = Sharer(database)
    yield ann
    ann.manager.close()
