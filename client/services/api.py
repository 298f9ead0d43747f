"""What commands, the shell and the page call of a session, one protocol for each noun.

`client.services.session.Session` provides them, and so does any stand-in for it. A method is
described where it is implemented.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from client.core.bandwidth.throttle import Direction
from client.core.transfers.download_options import DownloadOptions
from client.membership.resumption import LONGEST_WAIT
from client.results.accounts import EndSessionResult, LoginResult, UserResult
from client.results.files import (
    ContentRow,
    DownloadResult,
    FileResult,
    RelocateResult,
    UploadResult,
)
from client.results.groups import (
    AcceptedResult,
    GroupResult,
    InviteResult,
    JoinResult,
    RejectedResult,
    RevokeInviteResult,
)
from client.results.health import ChecksResult, TrackersResult
from client.results.lists import (
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
from client.results.metainfo import (
    AnnounceKeyResult,
    ExportResult,
    MagnetResult,
    MetainfoResult,
    PublishResult,
    ShareFileResult,
)
from client.results.overview import Notice, Overview
from client.results.settings import LimitsResult, SettingsResult
from client.results.transfers import (
    DownloadRow,
    DownloadsResult,
    FolderFile,
    PeersResult,
    PieceMap,
    PriorityResult,
    SharesResult,
    TransferResult,
    WaitResult,
    WhyResult,
)
from client.services.content.uploads import HashProgress, Offer
from client.services.paging import USUAL_LIMIT
from client.services.transfer_list import TransferName, TransferPage, TransferQuery
from common.api import files, groups


class AccountsApi(Protocol):
    """See client.services.accounts.AccountService."""

    def create(self, user: str, password: str) -> UserResult: ...

    def login(self, user: str, password: str, *, remember: bool = False) -> LoginResult: ...

    def settle(self, seconds: float = LONGEST_WAIT) -> bool: ...

    def logout(self) -> UserResult: ...

    def whoami(self) -> UserResult: ...

    def change_password(self, old: str, new: str) -> UserResult: ...

    def sessions(self, pattern: str = "", *, limit: int = USUAL_LIMIT) -> SessionsResult: ...

    def end_session(self, number: int) -> EndSessionResult: ...


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

    def leave(self, group: str) -> GroupResult: ...

    def is_own(self, group: str) -> bool: ...

    def profile(self, group: str) -> groups.GroupProfileReply: ...

    def accept_request(self, group: str, user: str) -> groups.MemberReply: ...

    def reject_request(self, group: str, user: str) -> groups.MemberReply: ...

    def accept_requests(self, group: str, users: Sequence[str]) -> AcceptedResult: ...

    def reject_requests(self, group: str, users: Sequence[str]) -> RejectedResult: ...

    def remove_member(self, group: str, user: str) -> groups.MemberReply: ...

    def promote(self, group: str, user: str) -> groups.MemberReply: ...

    def demote(self, group: str, user: str) -> groups.MemberReply: ...

    def set_role(self, group: str, user: str, role: groups.GivenRole) -> groups.RoleReply: ...

    def set_upload(self, group: str, upload: groups.Upload) -> groups.SetUploadReply: ...

    def transfer(self, group: str, user: str) -> groups.MemberReply: ...

    def use(self, group: str) -> GroupResult: ...

    def export_credentials(self, group: str, folder: Path) -> ExportResult: ...


class InvitationsApi(Protocol):
    """See client.services.invitations.InvitationService."""

    def create(
        self,
        group: str,
        *,
        uses: int | None = None,
        days: int | None = None,
        role: groups.GivenRole = "member",
    ) -> InviteResult: ...

    def list(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> InvitesResult: ...

    def revoke(self, group: str, number: int) -> RevokeInviteResult: ...

    def accept(self, text: str) -> JoinResult: ...

    def sign_up(
        self, text: str, user: str, password: str, *, is_guest: bool = False
    ) -> UserResult: ...


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

    def contents(self, group: str, name: str) -> Sequence[ContentRow]: ...

    def upload(
        self, path: Path | Offer, group: str | None, *, progress: HashProgress | None = None
    ) -> UploadResult: ...

    def share(
        self,
        path: Path | Offer,
        metainfo: Path,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> ShareFileResult: ...

    def magnet(self, group: str, name: str) -> MagnetResult: ...

    def shared(self, group: str, names: Sequence[str]) -> set[str]: ...

    def stop_share(self, group: str, name: str) -> FileResult: ...

    def remove_file(self, group: str, name: str) -> FileResult: ...

    def remove(self, metainfo: Path) -> FileResult: ...

    def download(
        self,
        group: str,
        name: str,
        destination: str,
        *,
        sequential: bool = False,
        only: str | None = None,
        in_place: bool = False,
    ) -> DownloadResult: ...

    def begin(
        self, group: str, name: str, destination: str, options: DownloadOptions
    ) -> DownloadResult: ...

    def folder(self, group: str, name: str) -> Sequence[FolderFile]: ...

    def choose(self, group: str, name: str, options: DownloadOptions) -> None: ...

    def get(
        self, reference: str, destination: str, *, in_place: bool = False
    ) -> DownloadResult: ...


class MetainfoApi(Protocol):
    """See client.services.metainfo.MetainfoService."""

    def publish(self, path: Path, group: str | None, out: Path | None = None) -> PublishResult: ...

    def write(self, group: str, name: str, path: Path) -> MetainfoResult: ...

    def announce_key(self, group: str | None, *, renew: bool = False) -> AnnounceKeyResult: ...


class TransfersApi(Protocol):
    """See client.services.transfers.TransferService."""

    def downloads(self) -> DownloadsResult: ...

    def shares(self) -> SharesResult: ...

    def all(self) -> DownloadsResult: ...

    def page(self, query: TransferQuery) -> TransferPage: ...

    def names(self, query: TransferQuery) -> Sequence[TransferName]: ...

    def totals(self, group: str | None = None, name: str | None = None) -> tuple[int, int]: ...

    def unfinished(self, group: str, names: Sequence[str]) -> dict[str, DownloadRow]: ...

    def pause(self, group: str, name: str) -> TransferResult: ...

    def resume(self, group: str, name: str) -> TransferResult: ...

    def cancel(self, group: str, name: str) -> TransferResult: ...

    def recheck(self, group: str, name: str) -> TransferResult: ...

    def set_priority(self, group: str, name: str, priority: int) -> PriorityResult: ...

    def peers(self, group: str, name: str) -> PeersResult: ...

    def piece_map(self, group: str, name: str, cells: int) -> PieceMap: ...

    def wait(
        self, seconds: float | None, cancelled: Callable[[], bool] = lambda: False
    ) -> WaitResult: ...

    def wait_for_own(self, cancelled: Callable[[], bool]) -> WaitResult: ...


class LimitsApi(Protocol):
    """See client.services.limits.LimitService."""

    def list(self) -> LimitsResult: ...

    def set(
        self, direction: Direction, rate: int, group: str | None = None, name: str | None = None
    ) -> LimitsResult: ...


class SettingsApi(Protocol):
    """See client.services.settings.SettingsService."""

    @property
    def download_folder(self) -> Path: ...

    @property
    def language(self) -> str: ...

    def list(self, name: str | None = None) -> SettingsResult: ...

    def set(self, name: str, typed: str) -> SettingsResult: ...

    def shows(self, kind: str) -> bool: ...


class NoticesApi(Protocol):
    """See client.services.notices.NoticeService."""

    def listen(
        self, callback: Callable[[Notice], None], *, folds: bool = False
    ) -> Callable[[], None]: ...

    def list(self, pattern: str = "", *, limit: int | None = None) -> NoticesResult: ...


class TrackersApi(Protocol):
    """See client.services.trackers.TrackerService."""

    def reach(self) -> None: ...

    def list(self) -> TrackersResult: ...

    def forget(self, address: str) -> None: ...


class DiagnosticsApi(Protocol):
    """See client.services.health.diagnostics.Diagnostics."""

    def why(self, group: str, name: str) -> WhyResult: ...

    def relocate(
        self, group: str, name: str, where: Path, progress: HashProgress | None = None
    ) -> RelocateResult: ...


class DoctorApi(Protocol):
    """See client.services.health.doctor.Doctor."""

    def examine(self) -> ChecksResult: ...


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

    def overview(self) -> Overview: ...

    def close(self) -> None: ...
