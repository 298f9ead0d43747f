"""The one object that the shell, a script and the page call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from client.engine import status
from common.api import files, groups

HashProgress = Callable[[int, int], None]
"""Called with (bytes hashed, bytes in all) while a file is being hashed."""


class Session:
    """A user's client: one login, its transfers, and the tracker's operations.

    Every method may be called from any thread, blocks until its answer is there (with a time
    limit), and raises MinitorrentError for everything that goes wrong.
    """

    def on_notice(self, callback: Callable[[status.Notice], None]) -> None:
        """Call `callback` (from any thread) with every notice from now on."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop all transfers, keeping their state; at most a few seconds."""
        raise NotImplementedError

    def overview(self) -> status.Overview:
        """What the prompt and the toolbar show."""
        raise NotImplementedError

    @property
    def tracker_was_reached(self) -> bool:
        """Whether any tracker answered since the start."""
        raise NotImplementedError

    # --- accounts ---------------------------------------------------------------------------
    def create_user(self, user: str, password: str) -> status.UserResult:
        raise NotImplementedError

    def login(self, user: str, password: str) -> status.LoginResult:
        raise NotImplementedError

    def logout(self) -> status.UserResult:
        raise NotImplementedError

    def whoami(self) -> status.UserResult:
        raise NotImplementedError

    def passwd(self, old: str, new: str) -> status.UserResult:
        raise NotImplementedError

    # --- groups -----------------------------------------------------------------------------
    # `group=None` stands for the one chosen by use_group; MinitorrentError(usage) without one.
    def create_group(self, group: str, *, is_open: bool = True) -> groups.CreateGroupReply:
        raise NotImplementedError

    def join_group(self, group: str) -> groups.JoinGroupReply:
        raise NotImplementedError

    def leave_group(self, group: str) -> status.GroupResult:
        raise NotImplementedError

    def list_groups(self) -> groups.ListGroupsReply:
        raise NotImplementedError

    def list_members(self, group: str | None) -> groups.ListMembersReply:
        raise NotImplementedError

    def list_requests(self, group: str | None) -> groups.ListRequestsReply:
        raise NotImplementedError

    def accept_request(self, group: str, user: str) -> groups.MemberReply:
        raise NotImplementedError

    def reject_request(self, group: str, user: str) -> groups.MemberReply:
        raise NotImplementedError

    def remove_member(self, group: str, user: str) -> groups.MemberReply:
        raise NotImplementedError

    def promote(self, group: str, user: str) -> groups.MemberReply:
        raise NotImplementedError

    def demote(self, group: str, user: str) -> groups.MemberReply:
        raise NotImplementedError

    def transfer_group(self, group: str, user: str) -> groups.MemberReply:
        raise NotImplementedError

    def use_group(self, group: str) -> status.GroupResult:
        raise NotImplementedError

    # --- files ------------------------------------------------------------------------------
    def list_files(self, group: str | None) -> files.ListFilesReply:
        raise NotImplementedError

    def upload_file(
        self,
        path: Path,
        group: str | None,
        *,
        name: str | None = None,
        progress: HashProgress | None = None,
    ) -> status.UploadResult:
        raise NotImplementedError

    def download_file(self, group: str, name: str, destination: str) -> status.DownloadResult:
        """Start a download in the background; `destination` as typed (a folder or a full path)."""
        raise NotImplementedError

    def stop_share(self, group: str, name: str) -> status.FileResult:
        raise NotImplementedError

    # --- transfers --------------------------------------------------------------------------
    def show_downloads(self) -> status.DownloadsResult:
        raise NotImplementedError

    def show_shares(self) -> status.SharesResult:
        raise NotImplementedError

    def pause(self, group: str, name: str) -> status.TransferResult:
        raise NotImplementedError

    def resume(self, group: str, name: str) -> status.TransferResult:
        raise NotImplementedError

    def cancel(self, group: str, name: str) -> status.TransferResult:
        raise NotImplementedError

    def recheck(self, group: str, name: str) -> status.TransferResult:
        raise NotImplementedError

    def peers(self, group: str, name: str) -> status.PeersResult:
        raise NotImplementedError

    def wait(
        self, seconds: float | None, cancelled: Callable[[], bool] = lambda: False
    ) -> status.WaitResult:
        """Wait until no download runs any more.

        Polls `cancelled` several times a second and returns early when it answers True.
        Raises MinitorrentError(timeout) when `seconds` run out first.
        """
        raise NotImplementedError

    # --- metainfo files ---------------------------------------------------------------------
    def share(
        self,
        path: Path,
        metainfo: Path,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> status.ShareFileResult:
        raise NotImplementedError

    def get(self, metainfo: Path, destination: str) -> status.DownloadResult:
        raise NotImplementedError

    def remove(self, metainfo: Path) -> status.FileResult:
        raise NotImplementedError

    # --- trackers ---------------------------------------------------------------------------
    def trackers(self) -> status.TrackersResult:
        raise NotImplementedError
