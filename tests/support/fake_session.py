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

from client import results
from client.config import ClientConfig
from client.results import TransferState
from client.services.uploads import Offer
from common.errors import ErrorCode, MinitorrentError
from tests.support.fake_doctor import FakeDoctor
from tests.support.fake_groups import FakeGroups
from tests.support.fake_limiting import FakeLimiting
from tests.support.fake_lists import FakeLists
from tests.support.fake_rows import HASH, PEER, SHARE, TRACKERS, download
from tests.support.fake_trouble import FakeTrouble

if TYPE_CHECKING:
    from client.services.session import HashProgress


class FakeSession:
    """`client.services.session.Session` as the shell sees it; `calls` lists what was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.groups = FakeGroups(self, self._called)
        self.lists = FakeLists(self._called)
        self.limits = FakeLimiting(self._called)
        self.diagnostics = FakeTrouble(self._called)
        self.doctor = FakeDoctor(self._called)
        self.user: str | None = None
        self.group: str | None = None
        self.reached = True
        self.closed = False
        self.rows: list[results.DownloadRow] = []
        self.waits_for = threading.Event()
        self.waits_for.set()
        self.failed: list[str] = []
        self.failure: Exception | None = None
        self.hash_steps = 3
        self._listeners: list[Callable[[results.Notice], None]] = []

    def notify(self, kind: str, text: str) -> None:
        """Let the session tell something."""
        for listener in self._listeners:
            listener(results.Notice(kind=kind, text=text))

    def _called(self, *call: object) -> None:
        self.calls.append(call)
        if self.failure is not None:
            raise self.failure

    def on_notice(self, callback: Callable[[results.Notice], None]) -> None:
        self._listeners.append(callback)

    def close(self) -> None:
        self.closed = True

    def overview(self) -> results.Overview:
        return results.Overview(
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
    def create_user(self, user: str, password: str) -> results.UserResult:
        self._called("create_user", user, password)
        return results.UserResult(user=user)

    def login(self, user: str, password: str) -> results.LoginResult:
        self._called("login", user, password)
        if password == "wrong":
            raise MinitorrentError(ErrorCode.BAD_CREDENTIALS, "Wrong user or password.")
        self.user = user
        return results.LoginResult(user=user, groups=["lab"], sharing=3)

    def logout(self) -> results.UserResult:
        self._called("logout")
        user, self.user, self.group = self._user(), None, None
        return results.UserResult(user=user)

    def whoami(self) -> results.UserResult:
        return results.UserResult(user=self._user())

    def passwd(self, old: str, new: str) -> results.UserResult:
        self._called("passwd", old, new)
        return results.UserResult(user=self._user())

    def _user(self) -> str:
        if self.user is None:
            raise MinitorrentError(ErrorCode.NOT_LOGGED_IN, "Log in first: login USER PASSWORD.")
        return self.user

    def end_session(self, number: int) -> results.EndSessionResult:
        self._called("end_session", number)
        return results.EndSessionResult(id=number)

    # --- files ------------------------------------------------------------------------------
    def upload_file(
        self,
        path: Path | Offer,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> results.UploadResult:
        offer = path if isinstance(path, Offer) else Offer(path)
        name = offer.name or offer.path.name
        self._called("upload_file", offer, group)
        for step in range(self.hash_steps):
            if progress is not None:
                progress((step + 1) << 20, self.hash_steps << 20)
            time.sleep(0.02)
        return results.UploadResult(
            group=group or "lab", name=name, size=3 << 20, pieces=3, info_hash=HASH
        )

    def download_file(
        self,
        group: str,
        name: str,
        destination: str,
        *,
        in_order: bool = False,
        only: str | None = None,
        in_place: bool = False,
    ) -> results.DownloadResult:
        wishes = (("in order",) if in_order else ()) + ((only,) if only else ())
        wishes += ("in place",) if in_place else ()
        self._called("download_file", group, name, destination, *wishes)
        self.rows.append(download(name, group=group))
        return results.DownloadResult(
            group=group, name=name, destination=f"{destination}/{name}", info_hash=HASH
        )

    def contents(self, group: str, name: str) -> list[results.ContentRow]:
        self._called("contents", group, name)
        return [results.ContentRow(path="one.txt", size=1)]

    def stop_share(self, group: str, name: str) -> results.FileResult:
        self._called("stop_share", group, name)
        return results.FileResult(group=group, name=name)

    # --- transfers --------------------------------------------------------------------------
    def show_downloads(self) -> results.DownloadsResult:
        self._called("show_downloads")
        return results.DownloadsResult(downloads=self.rows)

    def transfers(self) -> results.DownloadsResult:
        self._called("transfers")
        return results.DownloadsResult(downloads=self.rows)

    def show_shares(self) -> results.SharesResult:
        self._called("show_shares")
        return results.SharesResult(shares=[SHARE])

    def pause(self, group: str, name: str) -> results.TransferResult:
        return self._on_transfer("pause", group, name, TransferState.PAUSED)

    def priority(self, group: str, name: str, priority: int) -> results.PriorityResult:
        self._called("priority", group, name, priority)
        return results.PriorityResult(group=group, name=name, priority=priority)

    def resume(self, group: str, name: str) -> results.TransferResult:
        return self._on_transfer("resume", group, name, TransferState.DOWNLOADING)

    def cancel(self, group: str, name: str) -> results.TransferResult:
        return self._on_transfer("cancel", group, name, TransferState.PAUSED)

    def recheck(self, group: str, name: str) -> results.TransferResult:
        return self._on_transfer("recheck", group, name, TransferState.CHECKING)

    def _on_transfer(
        self, what: str, group: str, name: str, state: TransferState
    ) -> results.TransferResult:
        self._called(what, group, name)
        return results.TransferResult(group=group, name=name, state=state)

    def peers(self, group: str, name: str) -> results.PeersResult:
        self._called("peers", group, name)
        return results.PeersResult(peers=[PEER])

    def piece_map(self, group: str, name: str, cells: int) -> results.PieceMap:
        self._called("piece_map", group, name, cells)
        return results.PieceMap(pieces=4, done=1, here=[1.0, 0.0], elsewhere=[1, 0])

    def wait(
        self, seconds: float | None, cancelled: Callable[[], bool] = lambda: False
    ) -> results.WaitResult:
        self._called("wait", seconds)
        began = time.monotonic()
        while not self.waits_for.wait(0.01):
            if cancelled():
                return results.WaitResult(completed=[], failed=[])
            if seconds is not None and time.monotonic() - began >= seconds:
                raise MinitorrentError(ErrorCode.TIMEOUT, "Downloads still run.")
        return results.WaitResult(completed=["lab/film.mkv"], failed=self.failed)

    # --- metainfo files and trackers --------------------------------------------------------
    def share(
        self,
        path: Path | Offer,
        metainfo: Path,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> results.ShareFileResult:
        offer = path if isinstance(path, Offer) else Offer(path)
        self._called("share", offer, metainfo, group)
        return results.ShareFileResult(
            metainfo=str(metainfo), group=group or "lab", name=offer.path.name, info_hash=HASH
        )

    def export_credentials(self, group: str, folder: Path) -> results.ExportResult:
        self._called("export_credentials", group, folder)
        return results.ExportResult(
            certificate=f"{folder}/certificate.pem",
            key=f"{folder}/key.pem",
            dhparams=f"{folder}/dhparams.pem",
        )

    def magnet(self, group: str, name: str) -> results.MagnetResult:
        self._called("magnet", group, name)
        return results.MagnetResult(magnet=f"magnet:?xt=urn:btih:{HASH}")

    def get(
        self, reference: str, destination: str, *, in_place: bool = False
    ) -> results.DownloadResult:
        self._called("get", reference, destination, *(("in place",) if in_place else ()))
        return results.DownloadResult(
            group="lab", name="film.mkv", destination=destination, info_hash=HASH
        )

    def remove(self, metainfo: Path) -> results.FileResult:
        self._called("remove", metainfo)
        return results.FileResult(group="lab", name="film.mkv")

    def trackers(self, forget: str | None = None) -> results.TrackersResult:
        self._called("trackers", forget)
        return results.TrackersResult(trackers=TRACKERS)


def install(session: FakeSession) -> None:
    """Have the client open this session, whatever it is started with."""

    def open_session(config: ClientConfig) -> FakeSession:
        return session

    build = types.ModuleType("client.build")
    build.open_session = open_session  # type: ignore[attr-defined]
    sys.modules[build.__name__] = build


if __name__ == "__main__":
    from client.app import main

    install(FakeSession())
    sys.exit(main())
