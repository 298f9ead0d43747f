"""The one object that the shell, a script and the page call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from client import results
from client.core.notices.notices import NoticeKind
from client.core.transfers.download_options import DownloadOptions
from client.membership.account import Account, Remote
from client.membership.credentials import Credentials
from client.membership.known_trackers import Trackers
from client.net.tracker.tracker_client import TrackerClient
from client.services.diagnostics import Diagnostics
from client.services.doctor import Doctor
from client.services.export import export_credentials
from client.services.groups import Groups
from client.services.limits import Limits
from client.services.lists import Lists
from client.services.metainfo_links import MetainfoLinks, read_metainfo
from client.services.sharing import Sharing
from client.services.uploads import HashProgress, Offer, Uploads
from client.services.views import content_rows, downloads, overview, peer_rows, pieces, shares
from client.transfers.completions import Completions
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from common.api import accounts, files
from common.errors import ErrorCode, MinitorrentError

__all__ = ["HashProgress", "Session"]

_POLL = 0.1
PATIENCE = 600.0
"""Seconds that a wait without a time limit continues while there is no peer to download from."""


class Session:
    """A user's client: one login, its transfers, and the tracker's operations.

    Every method may be called from any thread, blocks until it has its answer (with a time
    limit), and raises MinitorrentError for all failures. `group=None` stands for the group chosen
    by use_group; without one it raises MinitorrentError(usage).
    """

    def __init__(
        self,
        account: Account,
        link: TrackerClient,
        trackers: Trackers,
        credentials: Credentials,
        transfers: TransferManager,
        sharing: Sharing,
        uploads: Uploads,
        metainfo_links: MetainfoLinks,
        completions: Completions,
        limits: Limits,
        diagnostics: Diagnostics,
        doctor: Doctor,
    ) -> None:
        self._account = account
        self._link = link
        self._trackers = trackers
        self._credentials = credentials
        self._remote = Remote(account, link)
        self.groups = Groups(account, self._remote, transfers, credentials)
        self.lists = Lists(account, self._remote)
        self.limits = limits
        self.diagnostics = diagnostics
        self.doctor = doctor
        self._transfers = transfers
        self._sharing = sharing
        self._uploads = uploads
        self._metainfo_links = metainfo_links
        self._completions = completions
        self._close: Callable[[], None] = lambda: None

    def on_notice(self, callback: Callable[[results.Notice], None]) -> None:
        """Call `callback` (from any thread) with every notice from now on."""
        self._account.notices.listen(callback)

    def close_with(self, close: Callable[[], None]) -> None:
        """Register a function to call when the session is closed."""
        self._close = close

    def close(self) -> None:
        """Stop all transfers, keeping their state; takes a few seconds at most."""
        self._close()

    @property
    def tracker_was_reached(self) -> bool:
        """Whether any tracker has answered since the start."""
        return self._link.was_reached

    def overview(self) -> results.Overview:
        """Return what the prompt and the toolbar show; cheap enough for several calls a second."""
        return overview(
            self._account.user,
            self._account.group,
            self._link.state,
            self._account.pending_requests,
            self._transfers.all(),
        )

    # --- accounts ---------------------------------------------------------------------------
    def create_user(self, user: str, password: str) -> results.UserResult:
        """Create an account; a short password causes a warning notice."""
        request = accounts.CREATE_USER.read_request({"user": user, "password": password})
        reply = self._link.call(accounts.CREATE_USER, request)
        if reply.warning:
            self._account.tell(NoticeKind.WARNING, reply.warning)
        return results.UserResult(user=reply.user)

    def login(self, user: str, password: str) -> results.LoginResult:
        """Log in and load this user's transfers; one login at a time."""
        if self._account.user is not None:
            raise MinitorrentError(
                ErrorCode.USAGE, f"You are logged in as {self._account.user}; type logout first."
            )
        reply = self._link.login(user, password)
        self._account.logged_in(reply)
        self._account.tell_missed(reply.unread_notices)
        sharing = self._transfers.load(reply.user, self.groups.is_own)
        return results.LoginResult(
            user=reply.user, groups=reply.groups, more_groups=reply.more_groups, sharing=sharing
        )

    def logout(self) -> results.UserResult:
        """Stop all transfers, keeping their state, and log out."""
        user = self._account.require()
        self._leave()
        return results.UserResult(user=user)

    def _leave(self) -> None:
        self._transfers.empty()  # what LoggedOut has done doesn't wait until they have stopped
        self._credentials.forget_all()
        self._link.logout()
        self._account.logged_out()

    def whoami(self) -> results.UserResult:
        """Return the logged-in user."""
        return results.UserResult(user=self._account.require())

    def passwd(self, old: str, new: str) -> results.UserResult:
        """Change the password, which ends this user's other sessions."""
        reply = self._remote.call(accounts.CHANGE_PASSWORD, old=old, new=new)
        if reply.warning:
            self._account.tell(NoticeKind.WARNING, reply.warning)
        return results.UserResult(user=reply.user)

    def end_session(self, number: int) -> results.EndSessionResult:
        """End one of this user's logins; ending the current one logs out."""
        reply = self._remote.call(accounts.END_SESSION, id=number)
        if reply.current:
            self._leave()
        return results.EndSessionResult(id=reply.id)

    # --- files ------------------------------------------------------------------------------
    def upload_file(
        self,
        path: Path | Offer,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> results.UploadResult:
        """Hash a file or folder (an Offer has options) and share it from where it is."""
        offer = path if isinstance(path, Offer) else Offer(path)
        chosen = self._account.require_group(group)
        user = self._account.require()
        transfer = self._uploads.upload(user, chosen, offer, progress)
        return results.UploadResult(
            group=chosen,
            name=transfer.record.name,
            size=transfer.metainfo.size,
            pieces=transfer.metainfo.piece_count,
            info_hash=transfer.info_hash.hex(),
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
        """Start a download in the background; `destination` as typed (a folder or a full path).

        With `in_order`, pieces are downloaded from first to last; with `in_place`, existing files
        at the destination are completed. `only` is a pattern for the files of a folder (see
        client.core.transfers.piece_selection); a repeated download selects the files that match
        any of its patterns.
        """
        user = self._account.require()
        options = DownloadOptions(
            in_order=in_order, only=() if only is None else (only,), in_place=in_place
        )
        return _download(self._sharing.download(user, group, name, destination, options))

    def contents(self, group: str, name: str) -> list[results.ContentRow]:
        """Return the files of a shared folder; none for a single file."""
        self._account.require()
        return content_rows(self._sharing.describe(group, name))

    def stop_share(self, group: str, name: str) -> results.FileResult:
        """Stop sharing a file; it stays on disk."""
        transfer = self._transfers.find(group, name)
        try:
            self._remote.call(files.STOP_SHARE, group=group, name=name)
        except MinitorrentError as error:
            # The tracker doesn't count members that only have some of a folder's files.
            is_part = transfer is not None and transfer.record.complete
            if error.code is not ErrorCode.NO_SUCH_FILE or not is_part:
                raise
        if transfer is not None:
            self._transfers.discard(transfer)
        return results.FileResult(group=group, name=name)

    # --- transfers --------------------------------------------------------------------------
    def show_downloads(self) -> results.DownloadsResult:
        """Return all downloads, including complete ones."""
        self._account.require()
        return downloads(*self._transfers.with_waiting())

    def transfers(self) -> results.DownloadsResult:
        """Return all downloads and uploads, as rows of downloads."""
        self._account.require()
        return downloads(self._transfers.all(), (), uploads=True)

    def show_shares(self) -> results.SharesResult:
        """Return what this user shares from this client."""
        self._account.require()
        return shares(*self._transfers.with_waiting())

    def shared(self, group: str, names: Sequence[str]) -> set[str]:
        """Return those of a group's files that this user shares from this client."""
        return self._transfers.shared(group, names)

    def pause(self, group: str, name: str) -> results.TransferResult:
        """Stop a transfer until `resume`, also after a restart."""
        transfer = self._get(group, name)
        transfer.pause()
        return _result(transfer)

    def resume(self, group: str, name: str) -> results.TransferResult:
        """Continue a paused or failed transfer."""
        transfer = self._get(group, name)
        transfer.resume()
        return _result(transfer)

    def cancel(self, group: str, name: str) -> results.TransferResult:
        """Cancel a download and delete its partial data."""
        transfer = self._get(group, name)
        if transfer.record.complete:
            raise MinitorrentError(
                ErrorCode.USAGE, f"{name!r} is complete; stop_share ends sharing it."
            )
        self._transfers.discard(transfer)
        if transfer.storage.options.in_place:
            self._account.tell(NoticeKind.WARNING, f"{str(transfer.path)!r} is kept as it is now.")
        return _result(transfer)

    def recheck(self, group: str, name: str) -> results.TransferResult:
        """Hash all data on disk again; wrong pieces of a download are downloaded again."""
        transfer = self._get(group, name)
        transfer.halt()
        transfer.start(recheck=True)
        return _result(transfer)

    def priority(self, group: str, name: str, priority: int) -> results.PriorityResult:
        """Set a download's priority; higher ones run first (see DownloadOptions)."""
        transfer = self._get(group, name)
        transfer.set_priority(priority)
        return results.PriorityResult(group=group, name=name, priority=priority)

    def peers(self, group: str, name: str) -> results.PeersResult:
        """Return the connected peers of a transfer."""
        return results.PeersResult(peers=peer_rows(self._get(group, name)))

    def piece_map(self, group: str, name: str, cells: int) -> results.PieceMap:
        """Return where a transfer's pieces are, in at most `cells` runs."""
        return pieces(self._get(group, name), cells)

    def wait(
        self, seconds: float | None, cancelled: Callable[[], bool] = lambda: False
    ) -> results.WaitResult:
        """Wait until no download runs any more; returns what ended since the last wait.

        Calls `cancelled` several times a second and returns early when it returns True. Raises
        MinitorrentError: timeout after `seconds`; no_peers when, without a time limit, there was
        no peer to download from for ten minutes.
        """
        started = met = time.monotonic()
        while (running := self._running()) and not cancelled():
            now = time.monotonic()
            if not all(transfer.needs_peers for transfer in running):
                met = now
            if seconds is not None and now - started >= seconds:
                raise MinitorrentError(
                    ErrorCode.TIMEOUT, "Downloads are still running and continue."
                )
            if seconds is None and now - met >= PATIENCE:
                raise MinitorrentError(
                    ErrorCode.NO_PEERS,
                    "No peer with the missing pieces is online. The downloads continue while "
                    "this client runs, as soon as there is one.",
                )
            time.sleep(_POLL)
        return self._completions.take()

    def _running(self) -> list[Transfer]:
        return [transfer for transfer in self._transfers.all() if transfer.is_running]

    # --- metainfo and magnets ---------------------------------------------------------------------
    def share(
        self,
        path: Path | Offer,
        metainfo: Path,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> results.ShareFileResult:
        """Share a file and write a metainfo file for other BitTorrent clients."""
        chosen = self._account.require_group(group)
        user = self._account.require()
        offer = path if isinstance(path, Offer) else Offer(path)
        transfer, written = self._uploads.share(user, chosen, offer, metainfo, progress)
        self._account.tell(
            NoticeKind.WARNING, f"{written} has your own announce key in it: keep it to yourself."
        )
        return results.ShareFileResult(
            metainfo=str(written),
            group=chosen,
            name=transfer.record.name,
            info_hash=transfer.info_hash.hex(),
        )

    def export_credentials(self, group: str, folder: Path) -> results.ExportResult:
        """Write what a stock client needs to take part in a sealed group."""
        user = self._account.require()
        return export_credentials(self._credentials, user, group, folder, self._account.tell)

    def magnet(self, group: str, name: str) -> results.MagnetResult:
        """Return a link to a file of the group, which also works in other BitTorrent clients."""
        self._account.require()
        link = self._metainfo_links.magnet(group, name)
        if link.trackers:
            self._account.tell(
                NoticeKind.WARNING, "The link has your own announce key in it: keep it to yourself."
            )
        return results.MagnetResult(magnet=link.encode())

    def get(
        self, reference: str, destination: str, *, in_place: bool = False
    ) -> results.DownloadResult:
        """Start the download that a metainfo file (its path) or a magnet link names."""
        user, options = self._account.require(), DownloadOptions(in_place=in_place)
        return _download(self._sharing.get(user, reference, destination, options))

    def remove(self, metainfo: Path) -> results.FileResult:
        """Stop sharing the content that a metainfo file describes."""
        self._account.require()
        described = read_metainfo(metainfo)
        own = self._transfers.of(described.info_hash)
        if own is not None:  # the tracker may no longer know it
            return self.stop_share(own.record.group, own.record.name)
        found = self._metainfo_links.find_described(described)
        return self.stop_share(found.group, found.name)

    # --- trackers ---------------------------------------------------------------------------
    def trackers(self, forget: str | None = None) -> results.TrackersResult:
        """List the trackers; `forget` is the address of one whose next certificate is trusted."""
        if forget is not None:
            self._trackers.forget(forget)
        return self._trackers.rows()

    # --- helpers ----------------------------------------------------------------------------
    def _get(self, group: str, name: str) -> Transfer:
        self._account.require()
        return self._transfers.get(group, name)


def _download(transfer: Transfer) -> results.DownloadResult:
    return results.DownloadResult(
        group=transfer.record.group,
        name=transfer.record.name,
        destination=str(transfer.path),
        info_hash=transfer.info_hash.hex(),
    )


def _result(transfer: Transfer) -> results.TransferResult:
    return results.TransferResult(
        group=transfer.record.group, name=transfer.record.name, state=transfer.state
    )
