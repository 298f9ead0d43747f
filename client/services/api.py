"""What commands, the shell and the page call of a session, one protocol for each noun.

`client.services.session.Session` provides them, and so does any stand-in for it. A method is
described where it is implemented.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from client import results
from client.core.bandwidth.throttle import Direction
from client.core.transfers.download_options import DownloadOptions
from client.list_results import (
    EventsResult,
    FilesResult,
    FoundFilesResult,
    GroupsResult,
    InvitesResult,
    MembersResult,
    NoticesResult,
    RequestsResult,
    SessionsResult,
    StatsResult,
)
from client.membership.resumption import LONGEST_WAIT
from client.services.content.uploads import HashProgress, Offer
from client.services.paging import USUAL_LIMIT
from client.services.transfer_list import TransferName, TransferPage, TransferQuery
from common.api import files, groups


class AccountsApi(Protocol):
    """See client.services.accounts.AccountService."""

    def create(self, user: str, password: str) -> results.UserResult: ...

    def login(self, user: str, password: str, *, remember: bool = False) -> results.LoginResult: ...

    def settle(self, seconds: float = LONGEST_WAIT) -> bool: ...

    def logout(self) -> results.UserResult: ...

    def whoami(self) -> results.UserResult: ...

    def change_password(self, old: str, new: str) -> results.UserResult: ...

    def sessions(self, pattern: str = "", *, limit: int = USUAL_LIMIT) -> SessionsResult: ...

    def end_session(self, number: int) -> results.EndSessionResult: ...


class GroupsApi(Protocol):
    """See client.services.groups.GroupService."""

    def list(
        self, pattern: str = "", *, member: bool | None = None, limit: int = USUAL_LIMIT
    ) -> GroupsResult: ...

    def members(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> MembersResult: ...

    def requests(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> RequestsResult: ...

    def stats(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> StatsResult: ...

    def events(
        self,
        group: str | None,
        pattern: str = "",
        *,
        before: int | None = None,
        limit: int = USUAL_LIMIT,
    ) -> EventsResult: ...

    def create(self, group: str, *, is_open: bool = False) -> groups.CreateGroupReply: ...

    def join(self, group: str) -> groups.JoinGroupReply: ...

    def leave(self, group: str) -> results.GroupResult: ...

    def is_own(self, group: str) -> bool: ...

    def profile(self, group: str) -> groups.GroupProfileReply: ...

    def accept_request(self, group: str, user: str) -> groups.MemberReply: ...

    def reject_request(self, group: str, user: str) -> groups.MemberReply: ...

    def accept_requests(self, group: str, users: Sequence[str]) -> results.AcceptedResult: ...

    def reject_requests(self, group: str, users: Sequence[str]) -> results.RejectedResult: ...

    def remove_member(self, group: str, user: str) -> groups.MemberReply: ...

    def promote(self, group: str, user: str) -> groups.MemberReply: ...

    def demote(self, group: str, user: str) -> groups.MemberReply: ...

    def set_role(self, group: str, user: str, role: groups.GivenRole) -> groups.RoleReply: ...

    def set_upload(self, group: str, upload: groups.Upload) -> groups.SetUploadReply: ...

    def transfer(self, group: str, user: str) -> groups.MemberReply: ...

    def use(self, group: str) -> results.GroupResult: ...

    def export_credentials(self, group: str, folder: Path) -> results.ExportResult: ...


class InvitationsApi(Protocol):
    """See client.services.invitations.InvitationService."""

    def create(
        self,
        group: str,
        *,
        uses: int | None = None,
        days: int | None = None,
        role: groups.GivenRole = "member",
    ) -> results.InviteResult: ...

    def list(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> InvitesResult: ...

    def revoke(self, group: str, number: int) -> results.RevokeInviteResult: ...

    def accept(self, text: str) -> results.JoinResult: ...

    def sign_up(
        self, text: str, user: str, password: str, *, is_guest: bool = False
    ) -> results.UserResult: ...


class FilesApi(Protocol):
    """See client.services.files.FileService."""

    def list(
        self,
        group: str | None,
        pattern: str = "",
        *,
        sort: files.Sort = "name",
        limit: int = USUAL_LIMIT,
    ) -> FilesResult: ...

    def find(self, pattern: str, *, limit: int = USUAL_LIMIT) -> FoundFilesResult: ...

    def contents(self, group: str, name: str) -> Sequence[results.ContentRow]: ...

    def upload(
        self, path: Path | Offer, group: str | None, *, progress: HashProgress | None = None
    ) -> results.UploadResult: ...

    def share(
        self,
        path: Path | Offer,
        metainfo: Path,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> results.ShareFileResult: ...

    def magnet(self, group: str, name: str) -> results.MagnetResult: ...

    def shared(self, group: str, names: Sequence[str]) -> set[str]: ...

    def stop_share(self, group: str, name: str) -> results.FileResult: ...

    def remove_file(self, group: str, name: str) -> results.FileResult: ...

    def remove(self, metainfo: Path) -> results.FileResult: ...

    def download(
        self,
        group: str,
        name: str,
        destination: str,
        *,
        sequential: bool = False,
        only: str | None = None,
        in_place: bool = False,
    ) -> results.DownloadResult: ...

    def begin(
        self, group: str, name: str, destination: str, options: DownloadOptions
    ) -> results.DownloadResult: ...

    def folder(self, group: str, name: str) -> Sequence[results.FolderFile]: ...

    def choose(self, group: str, name: str, options: DownloadOptions) -> None: ...

    def get(
        self, reference: str, destination: str, *, in_place: bool = False
    ) -> results.DownloadResult: ...


class MetainfoApi(Protocol):
    """See client.services.metainfo.MetainfoService."""

    def publish(
        self, path: Path, group: str | None, out: Path | None = None
    ) -> results.PublishResult: ...

    def write(self, group: str, name: str, path: Path) -> results.MetainfoResult: ...

    def announce_key(
        self, group: str | None, *, renew: bool = False
    ) -> results.AnnounceKeyResult: ...


class TransfersApi(Protocol):
    """See client.services.transfers.TransferService."""

    def downloads(self) -> results.DownloadsResult: ...

    def shares(self) -> results.SharesResult: ...

    def all(self) -> results.DownloadsResult: ...

    def page(self, query: TransferQuery) -> TransferPage: ...

    def names(self, query: TransferQuery) -> Sequence[TransferName]: ...

    def totals(self, group: str | None = None, name: str | None = None) -> tuple[int, int]: ...

    def unfinished(self, group: str, names: Sequence[str]) -> dict[str, results.DownloadRow]: ...

    def pause(self, group: str, name: str) -> results.TransferResult: ...

    def resume(self, group: str, name: str) -> results.TransferResult: ...

    def cancel(self, group: str, name: str) -> results.TransferResult: ...

    def recheck(self, group: str, name: str) -> results.TransferResult: ...

    def set_priority(self, group: str, name: str, priority: int) -> results.PriorityResult: ...

    def peers(self, group: str, name: str) -> results.PeersResult: ...

    def piece_map(self, group: str, name: str, cells: int) -> results.PieceMap: ...

    def wait(
        self, seconds: float | None, cancelled: Callable[[], bool] = lambda: False
    ) -> results.WaitResult: ...

    def wait_for_own(self, cancelled: Callable[[], bool]) -> results.WaitResult: ...


class LimitsApi(Protocol):
    """See client.services.limits.LimitService."""

    def list(self) -> results.LimitsResult: ...

    def set(
        self, direction: Direction, rate: int, group: str | None = None, name: str | None = None
    ) -> results.LimitsResult: ...


class SettingsApi(Protocol):
    """See client.services.settings.SettingsService."""

    @property
    def download_folder(self) -> Path: ...

    @property
    def language(self) -> str: ...

    def list(self, name: str | None = None) -> results.SettingsResult: ...

    def set(self, name: str, typed: str) -> results.SettingsResult: ...

    def shows(self, kind: str) -> bool: ...


class NoticesApi(Protocol):
    """See client.services.notices.NoticeService."""

    def listen(
        self, callback: Callable[[results.Notice], None], *, folds: bool = False
    ) -> Callable[[], None]: ...

    def list(self, pattern: str = "", *, limit: int | None = None) -> NoticesResult: ...


class TrackersApi(Protocol):
    """See client.services.trackers.TrackerService."""

    def reach(self) -> None: ...

    def list(self) -> results.TrackersResult: ...

    def forget(self, address: str) -> None: ...


class DiagnosticsApi(Protocol):
    """See client.services.health.diagnostics.Diagnostics."""

    def why(self, group: str, name: str) -> results.WhyResult: ...

    def relocate(
        self, group: str, name: str, where: Path, progress: HashProgress | None = None
    ) -> results.RelocateResult: ...


class DoctorApi(Protocol):
    """See client.services.health.doctor.Doctor."""

    def examine(self) -> results.ChecksResult: ...


class SessionApi(Protocol):
    """See client.services.session.Session."""

    @property
    def accounts(self) -> AccountsApi: ...

    @property
    def groups(self) -> GroupsApi: ...

    @property
    def invitations(self) -> InvitationsApi: ...

    @property
    def files(self) -> FilesApi: ...

    @property
    def metainfo(self) -> MetainfoApi: ...

    @property
    def transfers(self) -> TransfersApi: ...

    @property
    def limits(self) -> LimitsApi: ...

    @property
    def settings(self) -> SettingsApi: ...

    @property
    def notices(self) -> NoticesApi: ...

    @property
    def trackers(self) -> TrackersApi: ...

    @property
    def diagnostics(self) -> DiagnosticsApi: ...

    @property
    def doctor(self) -> DoctorApi: ...

    @property
    def tracker_was_reached(self) -> bool: ...

    def overview(self) -> results.Overview: ...

    def close(self) -> None: ...
