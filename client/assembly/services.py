"""Puts together what the shell, scripts, the API and the page call."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from client.config import ClientConfig
from client.core.notices.events import (
    FileRemoved,
)
from client.core.notices.notice_kinds import NoticeKind
from client.event_bus import EventBus
from client.membership.account import Account
from client.membership.credentials import Credentials
from client.membership.known_trackers import KnownTrackers
from client.membership.remembered_login import RememberedLogin
from client.membership.remote import Remote
from client.net.public_port import PublicPort
from client.net.tracker.port_check import OwnPort
from client.net.tracker.tracker_client import TrackerClient
from client.notices import Notices
from client.services.accounts import AccountService
from client.services.content.downloads import Downloads
from client.services.content.metainfo_links import MetainfoLinks
from client.services.content.removals import Removals
from client.services.content.uploads import Uploads
from client.services.files import FileService
from client.services.groups import GroupService
from client.services.health.diagnostics import Diagnostics
from client.services.health.doctor import Doctor
from client.services.health.snapshots import Snapshots
from client.services.invitations import InvitationService
from client.services.limits import LimitService
from client.services.metainfo import MetainfoService
from client.services.notices import NoticeService
from client.services.session import Session
from client.services.settings import SettingsService
from client.services.trackers import TrackerService
from client.services.transfers import Completions, TransferService
from client.state.settings import Settings
from client.state.transfers import TransferStore
from client.transfers.disk_space import DiskSpace
from client.transfers.download_scheduler import DownloadScheduler
from client.transfers.rate_limits import RateLimits
from client.transfers.transfer_manager import TransferManager


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAssembly:
    """The parts that services work with, and how each service is made from them."""

    config: ClientConfig
    settings: Settings
    store: TransferStore
    events: EventBus
    jobs: ThreadPoolExecutor
    account: Account
    notices: Notices
    remembered: RememberedLogin
    known_trackers: KnownTrackers
    tracker_client: TrackerClient
    remote: Remote
    credentials: Credentials
    transfers: TransferManager
    scheduler: DownloadScheduler
    rate_limits: RateLimits
    completions: Completions
    disk: DiskSpace
    links: MetainfoLinks
    public_port: PublicPort

    def session(self, close: Callable[[], None]) -> Session:
        """Make all services; `close` closes the client."""
        account, notices, remote = self.account, self.notices, self.remote
        transfers, tracker_client = self.transfers, self.tracker_client
        groups = GroupService(account, notices, remote, transfers, self.credentials)
        port = self.public_port.own_port()
        return Session(
            account,
            tracker_client,
            transfers,
            close,
            accounts=self._accounts(groups),
            groups=groups,
            invitations=InvitationService(
                account, notices, remote, tracker_client, self.known_trackers
            ),
            files=self._files(),
            metainfo=MetainfoService(account, notices, remote, self.links),
            transfers=self._transfers(),
            limits=LimitService(account, transfers, self.rate_limits),
            settings=self._settings(),
            notices=NoticeService(notices, remote),
            trackers=TrackerService(tracker_client, self.known_trackers),
            diagnostics=self._diagnostics(port),
            doctor=self._doctor(port),
        )

    def _accounts(self, groups: GroupService) -> AccountService:
        return AccountService(
            self.account,
            self.notices,
            self.remote,
            self.tracker_client,
            self.transfers,
            self.credentials,
            self.remembered,
            groups.is_own,
        )

    def _transfers(self) -> TransferService:
        patience = self.config.timing.wait_without_peers
        return TransferService(
            self.account, self.notices, self.transfers, self.completions, patience
        )

    def _settings(self) -> SettingsService:
        return SettingsService(self.config, self.settings, self.rate_limits, self.scheduler)

    def _diagnostics(self, port: OwnPort) -> Diagnostics:
        snapshots = Snapshots(self.tracker_client, self.credentials, time.monotonic, port)
        return Diagnostics(self.account, self.transfers, snapshots)

    def _doctor(self, port: OwnPort) -> Doctor:
        return Doctor(
            self.config,
            port,
            self.account,
            self.tracker_client,
            self.known_trackers,
            self.credentials,
            self.transfers,
            self.public_port.mapper,
        )

    def _files(self) -> FileService:
        remote, links, store, transfers = self.remote, self.links, self.store, self.transfers
        removals = Removals(remote, transfers, self.jobs, self.events)
        self.events.subscribe(FileRemoved, removals.on_removed)
        downloads = Downloads(
            remote, links, store, transfers, self.disk, self._warn, self.credentials.prepare
        )
        uploads = Uploads(remote, links, store, transfers, self._warn)
        return FileService(
            self.account, self.notices, remote, transfers, downloads, uploads, links, removals
        )

    def _warn(self, text: str) -> None:
        self.notices.publish(NoticeKind.WARNING, text)
