"""Shares files and folders of this machine in a group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from client.core.transfers.resume import FileStamps
from client.membership.remote import TrackerCalls
from client.services.content.metainfo_links import MetainfoLinks, is_metainfo_of, metainfo_place
from client.state.transfers import NewTransfer, TransferStore
from client.storage.files.content import take_stamps
from client.storage.files.source import Source, scan
from client.storage.files.torrent_files import TorrentFiles
from client.storage.hashing import hash_source
from client.storage.paths.os_errors import shown
from client.storage.paths.typed_path import typed_path
from client.storage.paths.writing import check_place
from client.storage.recheck import is_already_there
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from common import metainfo
from common.api import files, groups
from common.errors import ErrorCode, MinitorrentError
from common.geometry import choose_piece_length
from common.metainfo import Metainfo


@dataclass(frozen=True)
class Offer:
    """The content at `path`, under `name` if given.

    With `leave_out`, files that can't be shared are left out of a folder instead of refused.
    """

    path: Path
    name: str | None = None
    leave_out: bool = False


HashProgress = Callable[[int, int], None]
"""Called with (bytes hashed, total bytes) while a file is being hashed."""


class Uploads:
    """Shares files; `warn` takes a sentence for the user.

    The same content under the same name is one file, whoever shares it. Its info dictionary
    contains times and executable bits, which may differ between members' copies: so the group's
    existing metainfo is used if its content is the same.
    """

    def __init__(
        self,
        remote: TrackerCalls,
        metainfo_links: MetainfoLinks,
        store: TransferStore,
        manager: TransferManager,
        warn: Callable[[str], None],
    ) -> None:
        self._remote = remote
        self._metainfo_links = metainfo_links
        self._store = store
        self._manager = manager
        self._warn = warn

    def share(
        self, user: str, group: str, offer: Offer, torrent: Path, progress: HashProgress | None
    ) -> tuple[Transfer, Path]:
        """Like `upload`, and write the metainfo to `torrent`, a path or a folder; returns the path.

        Checks first that no other file is in the way, so that nothing is shared in that case.
        """
        place = metainfo_place(torrent, offer.name or typed_path(offer.path).name)
        check_place(place, is_metainfo_of(None))

        def approve(described: Metainfo) -> None:
            check_place(place, is_metainfo_of(described.info_hash))

        transfer = self.upload(user, group, offer, progress, approve)
        self._metainfo_links.write_metainfo(group, transfer.metainfo, place)
        return transfer, place

    def upload(
        self,
        user: str,
        group: str,
        offer: Offer,
        progress: HashProgress | None,
        approve: Callable[[Metainfo], None] = lambda _: None,
    ) -> Transfer:
        """Hash the content and share it in the group; content that is shared already stays so.

        `approve` is called with its metainfo before it is shared, and may raise.
        """
        source = scan(offer.path, offer.name, leave_out=offer.leave_out)
        existing = self._manager.find(group, source.name)
        if existing is not None and self._is_same(existing, source):
            approve(existing.metainfo)
            return existing
        for warning in source.warnings:
            self._warn(warning)
        described, stamps = self._add(group, source, existing, progress, approve)
        if existing is not None:
            self._manager.discard(existing)  # the same content may have another path now
        record = self._store.add(
            NewTransfer(
                user=user,
                group=group,
                name=source.name,
                info_hash=described.info_hash,
                metainfo=metainfo.encode(described.info_bytes),
                path=source.path,
                added_at=datetime.now(UTC),
                is_upload=True,
                stamps=stamps,
                complete=True,
            )
        )
        return self._manager.add(record, is_hashed=True)

    def _is_same(self, transfer: Transfer, source: Source) -> bool:
        """Return whether the transfer shares these very files, unchanged since they were hashed."""
        record, described = self._store.get(transfer.record.id), transfer.metainfo
        return (
            record is not None
            and record.complete
            and transfer.error is None
            and record.path == source.path
            and described.has_files(source.files, is_folder=source.is_folder)
            and record.stamps == _stamps(source, described)
        )

    def _add(
        self,
        group: str,
        source: Source,
        existing: Transfer | None,
        progress: HashProgress | None,
        approve: Callable[[Metainfo], None],
    ) -> tuple[Metainfo, FileStamps]:
        """Add the file to the group; returns its metainfo and its files' stamps."""
        profile = self._remote.call(groups.GET_GROUP, group=group)
        known = self._known(group, source.name) or (existing and existing.metainfo)
        if not known:
            if profile.refusal:  # before the content is hashed
                raise MinitorrentError(ErrorCode.PERMISSION_DENIED, profile.refusal)
            described = _describe(source, profile, progress)
            approve(described)
            try:
                self._offer(group, described)
                return described, source.stamps
            except MinitorrentError as error:
                if error.code is not ErrorCode.NAME_TAKEN:
                    raise
                known = self._known(group, source.name)
                if known is None:
                    raise
            # Another member was faster, perhaps with the same content.
        stamps = _stamps(source, known)
        if not _is_at(source, known, progress):
            raise _taken(group, source.name, existing)
        approve(known)
        self._offer(group, known)
        return known, stamps

    def _offer(self, group: str, described: Metainfo) -> None:
        encoded = metainfo.encode(described.info_bytes)
        self._remote.call(files.ADD_FILE, group=group, name=described.name, metainfo=encoded)

    def _known(self, group: str, name: str) -> Metainfo | None:
        """Return the metainfo that the group shares under the name, or None."""
        try:
            reply = self._remote.call(files.GET_FILE, group=group, name=name)
        except MinitorrentError as error:
            if error.code is not ErrorCode.NO_SUCH_FILE:
                raise
            return None
        return metainfo.parse(reply.metainfo)


def _stamps(source: Source, described: Metainfo) -> FileStamps:
    """Return the stamps of the source's files now, in the order of the metainfo."""
    return take_stamps(source.path, described.files, is_folder=described.is_folder)


def _is_at(source: Source, described: Metainfo, progress: HashProgress | None) -> bool:
    """Return whether the source has exactly this content, by its hashes; raises file_changed."""
    if not described.has_files(source.files, is_folder=source.is_folder):
        return False
    with TorrentFiles(described, source.path) as found:
        is_there = is_already_there(found, progress)
    source.check_unchanged()
    return is_there


def _describe(
    source: Source, profile: groups.GroupProfileReply, progress: HashProgress | None
) -> Metainfo:
    piece_length = choose_piece_length(source.length)
    info = metainfo.build_info(
        source.name,
        source.files,
        piece_length,
        hash_source(source, piece_length, progress),
        source=profile.source,
        is_folder=source.is_folder,
        authority=profile.authority,
    )
    return metainfo.parse(metainfo.encode(info))


def _taken(group: str, name: str, own: Transfer | None) -> MinitorrentError:
    way = ""
    if own is not None:
        end = "stop_share" if own.record.complete else "cancel"
        way = f", or {end} the old one first"
    return MinitorrentError(
        ErrorCode.NAME_TAKEN,
        f"{group} already has other content called {shown(name)}; choose another name "
        f"with --name{way}.",
    )
