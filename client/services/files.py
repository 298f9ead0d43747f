"""A group's files: listing, sharing and downloading them, also by metainfo and magnet link."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from client.core.notices.events import FileRemoved
from client.core.notices.notice_kinds import NoticeKind
from client.core.transfers.download_options import DownloadOptions
from client.membership.account import Account
from client.membership.remote import TrackerCalls
from client.notices import Notices
from client.results.files import ContentRow, DownloadResult, FileResult, UploadResult
from client.results.lists import FilesResult, FoundFilesResult
from client.results.metainfo import MagnetResult, ShareFileResult
from client.results.transfers import FolderFile
from client.services.content.downloads import Downloads
from client.services.content.metainfo_links import MetainfoLinks, read_metainfo
from client.services.content.removals import Removals
from client.services.content.uploads import HashProgress, Offer, Uploads
from client.services.paging import USUAL_LIMIT, collect
from client.services.views import content_rows, folder_files
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from common.api import files
from common.errors import ErrorCode, MinitorrentError
from common.types import info_hash_from_hex


class FileService:
    """The files of a session's groups; see Session for the rules of all its methods."""

    def __init__(
        self,
        account: Account,
        notices: Notices,
        remote: TrackerCalls,
        transfers: TransferManager,
        downloads: Downloads,
        uploads: Uploads,
        metainfo_links: MetainfoLinks,
        removals: Removals,
    ) -> None:
        self._account = account
        self._notices = notices
        self._remote = remote
        self._transfers = transfers
        self._downloads = downloads
        self._uploads = uploads
        self._metainfo_links = metainfo_links
        self._removals = removals

    def list(
        self,
        group: str | None,
        pattern: str = "",
        *,
        sort: files.Sort = "name",
        limit: int = USUAL_LIMIT,
    ) -> FilesResult:
        """List the files that a group shares."""
        chosen = self._account.require_group(group)
        found = collect(
            self._remote,
            files.LIST_FILES,
            "files",
            limit,
            group=chosen,
            pattern=pattern,
            sort=sort,
        )
        return FilesResult(
            group=found.last.group, files=found.rows, total=found.total, pattern=pattern
        )

    def find(self, pattern: str, *, limit: int = USUAL_LIMIT) -> FoundFilesResult:
        """List the files of all of the user's groups that match a pattern, by name."""
        found = collect(self._remote, files.FIND_FILES, "files", limit, pattern=pattern)
        return FoundFilesResult(files=found.rows, total=found.total, pattern=pattern)

    def contents(self, group: str, name: str) -> Sequence[ContentRow]:
        """Return the files of a shared folder; none for a single file."""
        self._account.require()
        return content_rows(self._downloads.describe(group, name))

    # --- sharing ----------------------------------------------------------------------------
    def upload(
        self,
        path: Path | Offer,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> UploadResult:
        """Hash a file or folder (an Offer has options) and share it from where it is."""
        offer = path if isinstance(path, Offer) else Offer(path)
        chosen = self._account.require_group(group)
        user = self._account.require()
        transfer = self._uploads.upload(user, chosen, offer, progress)
        return UploadResult(
            group=chosen,
            name=transfer.record.name,
            size=transfer.metainfo.size,
            pieces=transfer.metainfo.piece_count,
            info_hash=transfer.info_hash.hex(),
        )

    def share(
        self,
        path: Path | Offer,
        metainfo: Path,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> ShareFileResult:
        """Like `upload`, and write a metainfo file for other BitTorrent clients."""
        offer = path if isinstance(path, Offer) else Offer(path)
        chosen = self._account.require_group(group)
        user = self._account.require()
        transfer, written = self._uploads.share(user, chosen, offer, metainfo, progress)
        self._account.lend()
        self._notices.publish(
            NoticeKind.WARNING, f"{written} has your own announce key in it: keep it to yourself."
        )
        return ShareFileResult(
            metainfo=str(written),
            group=chosen,
            name=transfer.record.name,
            info_hash=transfer.info_hash.hex(),
        )

    def magnet(self, group: str, name: str) -> MagnetResult:
        """Return a link to a file of the group, which also works in other BitTorrent clients."""
        self._account.require()
        link = self._metainfo_links.magnet(group, name)
        if link.trackers:
            self._account.lend()
            self._notices.publish(
                NoticeKind.WARNING, "The link has your own announce key in it: keep it to yourself."
            )
        return MagnetResult(magnet=link.encode())

    def shared(self, group: str, names: Sequence[str]) -> set[str]:
        """Return those of a group's files that this user shares from this client."""
        return self._transfers.shared(group, names)

    def stop_share(self, group: str, name: str) -> FileResult:
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
        return FileResult(group=group, name=name)

    def remove_file(self, group: str, name: str) -> FileResult:
        """Remove a file from its group for everybody; the members' copies stay on their disks."""
        reply = self._remote.call(files.REMOVE_FILE, group=group, name=name)
        text = f"{self._account.require()} removed {name} from {group}."
        info_hash = info_hash_from_hex(reply.info_hash)
        self._removals.end(FileRemoved(group, name, info_hash, text))
        return FileResult(group=group, name=name)

    def remove(self, metainfo: Path) -> FileResult:
        """Stop sharing the content that a metainfo file describes."""
        self._account.require()
        described = read_metainfo(metainfo)
        own = self._transfers.of(described.info_hash)
        if own is not None:  # the tracker may no longer know it
            return self.stop_share(own.record.group, own.record.name)
        found = self._metainfo_links.find_described(described)
        return self.stop_share(found.group, found.name)

    # --- downloading ------------------------------------------------------------------------
    def download(
        self,
        group: str,
        name: str,
        destination: str,
        *,
        sequential: bool = False,
        only: str | None = None,
        in_place: bool = False,
    ) -> DownloadResult:
        """Start a download in the background; `destination` as typed (a folder or a full path).

        With `sequential`, pieces are downloaded from first to last; with `in_place`, existing files
        at the destination are completed. `only` is a pattern for the files of a folder (see
        client.core.transfers.piece_selection); a repeated download selects the files that match
        any of its patterns.
        """
        options = DownloadOptions(
            sequential=sequential, only=() if only is None else (only,), in_place=in_place
        )
        return self.begin(group, name, destination, options)

    def begin(
        self, group: str, name: str, destination: str, options: DownloadOptions
    ) -> DownloadResult:
        """Start a download with any options; the rest is as in `download`."""
        user = self._account.require()
        return _result(self._downloads.download(user, group, name, destination, options))

    def folder(self, group: str, name: str) -> Sequence[FolderFile]:
        """Return the files of a transfer of a folder; none for a single file."""
        self._account.require()
        return folder_files(self._transfers.get(group, name))

    def choose(self, group: str, name: str, options: DownloadOptions) -> None:
        """Download more files of a folder, or the same ones in another order.

        Of these options, the patterns for files count, and whether the download is sequential.
        """
        self._account.require()
        self._downloads.choose(self._transfers.get(group, name), options)

    def get(self, reference: str, destination: str, *, in_place: bool = False) -> DownloadResult:
        """Start the download that a metainfo file (its path) or a magnet link names."""
        user, options = self._account.require(), DownloadOptions(in_place=in_place)
        return _result(self._downloads.get(user, reference, destination, options))


def _result(transfer: Transfer) -> DownloadResult:
    return DownloadResult(
        group=transfer.record.group,
        name=transfer.record.name,
        destination=str(transfer.path),
        info_hash=transfer.info_hash.hex(),
    )
