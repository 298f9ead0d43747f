"""A session without network or disk: what the shell is tested against, in memory.

It knows ann's small world: the group lab with bob in it and eve asking to be let in, and the
file film.mkv. `python -m tests.support.fake_session ARGUMENTS` runs the whole client on it.
"""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from client.config import ClientConfig
from client.engine import status
from client.engine.status import TransferState
from common.api import accounts, files, groups
from common.api.audit import AuditRow, ListEventsReply
from common.api.events import NoticeRow
from common.errors import ErrorCode, MinitorrentError
from tests.support.fake_limiting import FakeLimiting
from tests.support.fake_trouble import FakeTrouble

if TYPE_CHECKING:
    from client.engine.session import HashProgress

HASH = "0123456789abcdef0123456789abcdef01234567"


def download(name: str = "film.mkv", **changes: object) -> status.DownloadRow:
    """A running download, at 45 % of 2 GiB."""
    facts: dict[str, object] = {
        "group": "lab",
        "name": name,
        "state": TransferState.DOWNLOADING,
        "progress": 0.45,
        "done": 966367641,
        "size": 2 << 30,
        "down_rate": 12.5 * (1 << 20),
        "up_rate": 0.0,
        "peers": 3,
        "eta": 94.0,
        "error": None,
    }
    return status.DownloadRow.model_validate({**facts, **changes})


class FakeGroups:
    """`client.engine.groups.Groups`, likewise; `session` is whom the calls are told to."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session
        self._called = session._called

    def create_group(self, group: str, *, is_open: bool = False) -> groups.CreateGroupReply:
        self._called("create_group", group, is_open)
        return groups.CreateGroupReply(group=group, mode="open" if is_open else "sealed")

    def join_group(self, group: str) -> groups.JoinGroupReply:
        self._called("join_group", group)
        return groups.JoinGroupReply(group=group, status="requested")

    def leave_group(self, group: str) -> status.GroupResult:
        self._called("leave_group", group)
        return status.GroupResult(group=group)

    def list_groups(self) -> status.GroupsResult:
        self._called("list_groups")
        rows = [
            groups.GroupRow(
                group=name, owner=owner, members=2, files=3, mode="open", member=is_member
            )
            for name, owner, is_member in (("lab", "ann", True), ("studio", "zoe", False))
        ]
        return status.GroupsResult(groups=rows, user=self._session.user or "ann")

    def list_members(self, group: str | None) -> groups.ListMembersReply:
        self._called("list_members", group)
        rows = [
            groups.MemberRow(user="ann", role="owner", online=True),
            groups.MemberRow(user="bob", role="member", online=False),
        ]
        return groups.ListMembersReply(group=group or "lab", members=rows)

    def audit(self, group: str | None) -> ListEventsReply:
        self._called("audit", group)
        rows = [
            AuditRow(
                at="2026-01-02T03:04:05Z",
                who="ann",
                what="request_accepted",
                subject="bob",
                address="192.0.2.1",
            ),
            AuditRow(
                at="2026-01-02T03:04:06Z", who="", what="login_failed", subject="bob", address=""
            ),
        ]
        return ListEventsReply(events=rows)

    def notices(self) -> status.NoticesResult:
        self._called("notices")
        row = NoticeRow(
            at="2026-01-02T03:04:05Z",
            kind="file_added",
            group="lab",
            text="bob shares film.mkv in lab.",
        )
        return status.NoticesResult(notices=[row])

    def list_requests(self, group: str | None) -> groups.ListRequestsReply:
        self._called("list_requests", group)
        row = groups.RequestRow(user="eve", requested_at="2026-01-02T03:04:05Z")
        return groups.ListRequestsReply(group=group or "lab", requests=[row])

    def accept_request(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("accept_request", group, user)

    def reject_request(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("reject_request", group, user)

    def remove_member(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("remove_member", group, user)

    def promote(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("promote", group, user)

    def demote(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("demote", group, user)

    def transfer_group(self, group: str, user: str) -> groups.MemberReply:
        return self._on_member("transfer_group", group, user)

    def _on_member(self, what: str, group: str, user: str) -> groups.MemberReply:
        self._called(what, group, user)
        return groups.MemberReply(group=group, user=user)

    def use_group(self, group: str) -> status.GroupResult:
        self._called("use_group", group)
        self._session.group = group
        return status.GroupResult(group=group)


class FakeSession:
    """`client.engine.session.Session` as the shell sees it; `calls` tells what was asked of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.groups = FakeGroups(self)
        self.limiting = FakeLimiting(self._called)
        self.trouble = FakeTrouble(self._called)
        self.user: str | None = None
        self.group: str | None = None
        self.reached = True
        self.closed = False
        self.rows: list[status.DownloadRow] = []
        self.waits_for = threading.Event()
        self.waits_for.set()
        self.failed: list[str] = []
        self.failure: Exception | None = None
        self.hash_steps = 3
        self._listeners: list[Callable[[status.Notice], None]] = []

    def notify(self, kind: str, text: str) -> None:
        """Let the session tell something."""
        for listener in self._listeners:
            listener(status.Notice(kind=kind, text=text))

    def _called(self, *call: object) -> None:
        self.calls.append(call)
        if self.failure is not None:
            raise self.failure

    def on_notice(self, callback: Callable[[status.Notice], None]) -> None:
        self._listeners.append(callback)

    def close(self) -> None:
        self.closed = True

    def overview(self) -> status.Overview:
        return status.Overview(
            user=self.user,
            group=self.group,
            tracker="connected" if self.reached else "unreachable",
            down_rate=sum(row.down_rate for row in self.rows),
            up_rate=3.0 * (1 << 20) if self.user else 0.0,
            downloads=self.rows,
            seeding=3,
            pending_requests=1,
        )

    @property
    def tracker_was_reached(self) -> bool:
        return self.reached

    # --- accounts ---------------------------------------------------------------------------
    def create_user(self, user: str, password: str) -> status.UserResult:
        self._called("create_user", user, password)
        return status.UserResult(user=user)

    def login(self, user: str, password: str) -> status.LoginResult:
        self._called("login", user, password)
        if password == "wrong":
            raise MinitorrentError(ErrorCode.BAD_CREDENTIALS, "Wrong user or password.")
        self.user = user
        return status.LoginResult(user=user, groups=["lab"], sharing=3)

    def logout(self) -> status.UserResult:
        self._called("logout")
        user, self.user, self.group = self._user(), None, None
        return status.UserResult(user=user)

    def whoami(self) -> status.UserResult:
        return status.UserResult(user=self._user())

    def passwd(self, old: str, new: str) -> status.UserResult:
        self._called("passwd", old, new)
        return status.UserResult(user=self._user())

    def _user(self) -> str:
        if self.user is None:
            raise MinitorrentError(ErrorCode.NOT_LOGGED_IN, "Log in first: login USER PASSWORD.")
        return self.user

    def sessions(self) -> accounts.ListSessionsReply:
        self._called("sessions")
        row = accounts.SessionRow(
            id=17, address="192.0.2.1", since="2026-01-02T03:04:05Z", current=True
        )
        return accounts.ListSessionsReply(sessions=[row])

    def end_session(self, number: int) -> accounts.EndSessionReply:
        self._called("end_session", number)
        return accounts.EndSessionReply(id=number)

    # --- files ------------------------------------------------------------------------------
    def list_files(self, group: str | None) -> files.ListFilesReply:
        self._called("list_files", group)
        rows = [
            files.FileRow(
                name=name,
                size=2 << 30,
                pieces=2048,
                info_hash=HASH,
                owner="bob",
                seeders=2,
                leechers=1,
            )
            for name in ("film.mkv", "two words.txt", "it's.txt")
        ]
        return files.ListFilesReply(group=group or "lab", files=rows)

    def upload_file(
        self,
        path: Path,
        group: str | None,
        *,
        name: str | None = None,
        progress: HashProgress | None = None,
    ) -> status.UploadResult:
        self._called("upload_file", path, group, name)
        for step in range(self.hash_steps):
            if progress is not None:
                progress((step + 1) << 20, self.hash_steps << 20)
            time.sleep(0.02)
        return status.UploadResult(
            group=group or "lab", name=name or path.name, size=3 << 20, pieces=3, info_hash=HASH
        )

    def download_file(
        self,
        group: str,
        name: str,
        destination: str,
        *,
        in_order: bool = False,
        only: str | None = None,
    ) -> status.DownloadResult:
        wishes = (("in order",) if in_order else ()) + ((only,) if only else ())
        self._called("download_file", group, name, destination, *wishes)
        self.rows.append(download(name, group=group))
        return status.DownloadResult(
            group=group, name=name, destination=f"{destination}/{name}", info_hash=HASH
        )

    def stop_share(self, group: str, name: str) -> status.FileResult:
        self._called("stop_share", group, name)
        return status.FileResult(group=group, name=name)

    # --- transfers --------------------------------------------------------------------------
    def show_downloads(self) -> status.DownloadsResult:
        self._called("show_downloads")
        return status.DownloadsResult(downloads=self.rows)

    def show_shares(self) -> status.SharesResult:
        self._called("show_shares")
        row = status.ShareRow(
            group="lab",
            name="notes.txt",
            path="/home/ann/notes.txt",
            size=1234,
            uploaded=5678,
            peers=1,
        )
        return status.SharesResult(shares=[row])

    def pause(self, group: str, name: str) -> status.TransferResult:
        return self._on_transfer("pause", group, name, TransferState.PAUSED)

    def priority(self, group: str, name: str, priority: int) -> status.PriorityResult:
        self._called("priority", group, name, priority)
        return status.PriorityResult(group=group, name=name, priority=priority)

    def resume(self, group: str, name: str) -> status.TransferResult:
        return self._on_transfer("resume", group, name, TransferState.DOWNLOADING)

    def cancel(self, group: str, name: str) -> status.TransferResult:
        return self._on_transfer("cancel", group, name, TransferState.PAUSED)

    def recheck(self, group: str, name: str) -> status.TransferResult:
        return self._on_transfer("recheck", group, name, TransferState.CHECKING)

    def _on_transfer(
        self, what: str, group: str, name: str, state: TransferState
    ) -> status.TransferResult:
        self._called(what, group, name)
        return status.TransferResult(group=group, name=name, state=state)

    def peers(self, group: str, name: str) -> status.PeersResult:
        self._called("peers", group, name)
        row = status.PeerRow(
            address="127.0.0.1:6881",
            client="Minitorrent 0.1",
            user="bob",
            progress=1.0,
            down_rate=2048.0,
            up_rate=0.0,
            downloaded=4096,
            uploaded=0,
            flags="DX",
        )
        return status.PeersResult(peers=[row])

    def piece_map(self, group: str, name: str, cells: int) -> status.PieceMap:
        self._called("piece_map", group, name, cells)
        return status.PieceMap(pieces=4, done=1, here=[1.0, 0.0], elsewhere=[1, 0])

    def wait(
        self, seconds: float | None, cancelled: Callable[[], bool] = lambda: False
    ) -> status.WaitResult:
        self._called("wait", seconds)
        began = time.monotonic()
        while not self.waits_for.wait(0.01):
            if cancelled():
                return status.WaitResult(completed=[], failed=[])
            if seconds is not None and time.monotonic() - began >= seconds:
                raise MinitorrentError(ErrorCode.TIMEOUT, "Downloads still run.")
        return status.WaitResult(completed=["lab/film.mkv"], failed=self.failed)

    # --- metainfo files and trackers --------------------------------------------------------
    def share(
        self,
        path: Path,
        metainfo: Path,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> status.ShareFileResult:
        self._called("share", path, metainfo, group)
        return status.ShareFileResult(
            metainfo=str(metainfo), group=group or "lab", name=path.name, info_hash=HASH
        )

    def export_credentials(self, group: str, folder: Path) -> status.ExportResult:
        self._called("export_credentials", group, folder)
        return status.ExportResult(
            certificate=f"{folder}/certificate.pem",
            key=f"{folder}/key.pem",
            dhparams=f"{folder}/dhparams.pem",
        )

    def magnet(self, group: str, name: str) -> status.MagnetResult:
        self._called("magnet", group, name)
        return status.MagnetResult(magnet=f"magnet:?xt=urn:btih:{HASH}")

    def get(self, reference: str, destination: str) -> status.DownloadResult:
        self._called("get", reference, destination)
        return status.DownloadResult(
            group="lab", name="film.mkv", destination=destination, info_hash=HASH
        )

    def remove(self, metainfo: Path) -> status.FileResult:
        self._called("remove", metainfo)
        return status.FileResult(group="lab", name="film.mkv")

    def trackers(self, forget: str | None = None) -> status.TrackersResult:
        self._called("trackers", forget)
        rows = [
            status.TrackerRow(
                address="127.0.0.1:7001", state="connected", current=True, fingerprint=None
            ),
            status.TrackerRow(
                address="127.0.0.1:7002", state="offline", current=False, fingerprint=None
            ),
        ]
        return status.TrackersResult(trackers=rows)


def install(session: FakeSession) -> None:
    """Have the client open this session, whatever it is started with."""

    def open_session(config: ClientConfig) -> FakeSession:
        return session

    build = types.ModuleType("client.engine.build")
    build.open_session = open_session  # type: ignore[attr-defined]
    sys.modules[build.__name__] = build


if __name__ == "__main__":
    from client.app import main

    install(FakeSession())
    sys.exit(main())
