"""The one object that the shell, a script and the page call."""

from __future__ import annotations

from collections.abc import Callable

from client.membership.account import Account
from client.net.tracker.tracker_client import TrackerClient
from client.results.overview import Overview
from client.services.accounts import AccountService
from client.services.files import FileService
from client.services.groups import GroupService
from client.services.health.diagnostics import Diagnostics
from client.services.health.doctor import Doctor
from client.services.invitations import InvitationService
from client.services.limits import LimitService
from client.services.metainfo import MetainfoService
from client.services.notices import NoticeService
from client.services.settings import SettingsService
from client.services.trackers import TrackerService
from client.services.transfers import TransferService
from client.services.views import overview
from client.transfers.transfer_manager import TransferManager


class Session:
    """A user's client: one login, its transfers, and the tracker's operations, by noun.

    Every method of its parts may be called from any thread, blocks until it has its answer (with a
    time limit), and raises MinitorrentError for all failures. `group=None` stands for the group
    chosen by groups.use; without one it raises MinitorrentError(usage). Methods leave out
    the noun of their part: `session.files.upload` is the command upload_file.
    """

    def __init__(
        self,
        account: Account,
        tracker_client: TrackerClient,
        transfer_manager: TransferManager,
        close: Callable[[], None],
        *,
        accounts: AccountService,
        groups: GroupService,
        invitations: InvitationService,
        files: FileService,
        metainfo: MetainfoService,
        transfers: TransferService,
        limits: LimitService,
        settings: SettingsService,
        notices: NoticeService,
        trackers: TrackerService,
        diagnostics: Diagnostics,
        doctor: Doctor,
    ) -> None:
        self._account = account
        self._tracker_client = tracker_client
        self._transfers = transfer_manager
        self._close = close
        self.accounts = accounts
        self.groups = groups
        self.invitations = invitations
        self.files = files
        self.metainfo = metainfo
        self.transfers = transfers
        self.limits = limits
        self.settings = settings
        self.notices = notices
        self.trackers = trackers
        self.diagnostics = diagnostics
        self.doctor = doctor

    def close(self) -> None:
        """Stop all transfers, keeping their state; takes a few seconds at most."""
        self._close()

    @property
    def tracker_was_reached(self) -> bool:
        """Whether any tracker has answered since the start."""
        return self._tracker_client.was_reached

    def overview(self) -> Overview:
        """Return what the prompt and the toolbar show; cheap enough for several calls a second."""
        return overview(
            self._account.user,
            self._account.group,
            self._tracker_client.state,
            self._account.pending_requests,
            self._transfers.all(),
            None if self._account.user else self._account.resumption.user,
        )
