"""Starts downloads of a group's files; `uploads` shares files."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from client.caller import note_download
from client.core.admission.candidates import PeerCandidate
from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.core.transfers.piece_selection import selection_of, widened
from client.core.transfers.resume import FileStamps
from client.membership.remote import TrackerCalls
from client.net.tracker.listing import listed_peers
from client.services.content.existing_content import ExistingContent, find_existing
from client.services.content.file_choice import check_selection, chosen_options
from client.services.content.metainfo_links import MetainfoLinks, described_by, sealed_alike
from client.state.transfers import NewTransfer, TransferStore
from client.storage.paths.os_errors import shown
from client.storage.paths.typed_path import resolve
from client.transfers.disk_space import DiskSpace
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from common.api import files, groups
from common.api.presence import DEFAULT_NUMWANT
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo


class Downloads:
    """Starts downloads; `warn` takes a sentence for the user.

    `prepare` gets what is needed to meet a group's members, whether or not the group is sealed.
    """

    def __init__(
        self,
        remote: TrackerCalls,
        metainfo_links: MetainfoLinks,
        store: TransferStore,
        manager: TransferManager,
        disk: DiskSpace,
        warn: Callable[[str], None],
        prepare: Callable[[str], None],
    ) -> None:
        self._remote = remote
        self._metainfo_links = metainfo_links
        self._store = store
        self._manager = manager
        self._disk = disk
        self._warn = warn
        self._prepare = prepare

    # --- downloading ------------------------------------------------------------------------
    def download(
        self,
        user: str,
        group: str,
        name: str,
        destination: str,
        options: DownloadOptions = DEFAULT_OPTIONS,
    ) -> Transfer:
        """Start to download a file of the group; right pieces at the destination are reused.

        Wrong data is only overwritten if `options` say `in_place`. An existing download continues,
        and with more files if these options select more.
        """
        with ThreadPoolExecutor(2) as pool:  # all at once: fewer round trips until it begins
            profile = pool.submit(self._profile, group)
            pool.submit(self._prepare, group)
            reply = self._ask(group, name)
        described = sealed_alike(reply, profile.result)
        return _noted(self._begin(user, reply, described, destination, options))

    def describe(self, group: str, name: str) -> Metainfo:
        """Return the metainfo of a group's file."""
        return described_by(self._remote.call(files.GET_FILE, group=group, name=name))

    def get(
        self,
        user: str,
        reference: str,
        destination: str,
        options: DownloadOptions = DEFAULT_OPTIONS,
    ) -> Transfer:
        """Start to download what a metainfo file (its path) or a magnet link names."""
        reply = self._metainfo_links.find(reference)
        described = sealed_alike(reply, lambda: self._profile(reply.group))
        return _noted(self._begin(user, reply, described, destination, options))

    def _ask(self, group: str, name: str) -> files.GetFileReply:
        return self._remote.call(files.GET_FILE, group=group, name=name, numwant=DEFAULT_NUMWANT)

    def _profile(self, group: str) -> groups.GroupProfileReply:
        return self._remote.call(groups.GET_GROUP, group=group)

    def _begin(
        self,
        user: str,
        reply: files.GetFileReply,
        described: Metainfo,
        destination: str,
        options: DownloadOptions,
    ) -> Transfer:
        selection = check_selection(described, options)
        final = resolve(destination, described.name)
        existing = self._manager.find(reply.group, reply.name)
        if existing is not None:
            if existing.info_hash == described.info_hash and not _is_lost(existing):
                return self._continue(existing, final, options)
            self._manager.discard(existing)  # its content has changed, or it was deleted
        found = find_existing(described, final, selection)
        if found is None or not found.is_right:
            have, stamps = self._take_up(found, options)
            options = replace(options, in_place=found is not None)
        else:
            have, stamps, options = None, found.stamps, DEFAULT_OPTIONS
        if found is None:
            self._disk.require(described.name, final, selection.length)
        record = self._store.add(
            NewTransfer(
                user=user,
                group=reply.group,
                name=reply.name,
                info_hash=described.info_hash,
                metainfo=reply.metainfo,
                path=final,
                added_at=datetime.now(UTC),
                stamps=stamps,
                complete=found is not None and found.is_right,
                have=have,
                options=options,
            )
        )
        return self._manager.add(record, listed=_listed_with(reply))

    def _take_up(
        self, found: ExistingContent | None, options: DownloadOptions
    ) -> tuple[Bitfield | None, FileStamps | None]:
        """Return the pieces of a download that exist already, and the stamps of their files.

        Raises MinitorrentError(file_exists) when existing files must not be touched.
        """
        if found is None:
            return None, None
        if not options.in_place:
            raise found.refusal()
        self._check_owner(found.final)
        stamps = found.open_in_place()
        self._warn(f"{found.count}; downloading the rest in place, at {shown(found.final)}.")
        return found.have, stamps

    def _check_owner(self, final: Path) -> None:
        """Raise MinitorrentError(file_exists) when another active transfer uses this path."""
        for other in self._manager.all():
            if other.path == final and other.is_active:
                raise MinitorrentError(
                    ErrorCode.FILE_EXISTS,
                    f"{other.title} uses {shown(final)}; choose another destination, "
                    "or stop_share (or cancel) that first.",
                )

    def _continue(self, transfer: Transfer, final: Path, asked: DownloadOptions) -> Transfer:
        """Continue a download that was requested before."""
        if transfer.path != final:
            raise MinitorrentError(
                ErrorCode.FILE_EXISTS,
                f"{transfer.record.name!r} is already at {shown(transfer.path)}; "
                "cancel or stop_share it to download it elsewhere.",
            )
        complete = transfer.record.complete
        if complete and _is_changed(transfer) and (repaired := self._repair(transfer, asked)):
            return repaired
        asked = replace(asked, in_place=transfer.storage.options.in_place)
        options = widened(transfer.metainfo, transfer.storage.options, asked, complete=complete)
        if options.only != transfer.storage.options.only or (
            not complete and options != transfer.storage.options
        ):
            needed = selection_of(transfer.metainfo, options).length - transfer.done
            self._disk.require(transfer.record.name, final, needed)
            return self._manager.renew(transfer, options)
        transfer.resume()
        return transfer

    def choose(self, transfer: Transfer, asked: DownloadOptions) -> None:
        """Select more files for a transfer, and set the order in which they are downloaded."""
        options = chosen_options(transfer, asked)
        if options is not None:
            needed = selection_of(transfer.metainfo, options).length - transfer.done
            self._disk.require(transfer.record.name, transfer.path, needed)
            self._manager.renew(transfer, options)

    def _repair(self, transfer: Transfer, asked: DownloadOptions) -> Transfer | None:
        """Repair complete content that has become wrong; raises file_exists if not asked to.

        Returns None, with the transfer halted, when nothing is wrong: it was only touched, or is
        gone.
        """
        storage = transfer.storage
        transfer.halt()
        found = find_existing(transfer.metainfo, transfer.path, storage.selection)
        if found is None or found.is_right:
            return None
        try:
            have, stamps = self._take_up(found, asked)
        except MinitorrentError:
            transfer.start()  # it reports why it can't be shared any more
            raise
        assert have is not None
        assert stamps is not None
        return self._manager.repair(transfer, have, stamps)


def _noted(transfer: Transfer) -> Transfer:
    """Count a download as started by its caller; returns it."""
    note_download(transfer.record.group, transfer.record.name)
    return transfer


def _listed_with(reply: files.GetFileReply) -> list[PeerCandidate]:
    """Return the peers to dial before the file is announced.

    That a peer doesn't answer is of use only once we have announced: see `rendezvous`.
    """
    listed = listed_peers(reply.presence) if reply.presence else []
    return [peer for peer in listed if not peer.silent]


def _is_lost(transfer: Transfer) -> bool:
    """Return whether a complete transfer's files were deleted or moved."""
    return transfer.record.complete and not os.path.lexists(transfer.path)


def _is_changed(transfer: Transfer) -> bool:
    """Return whether complete content has changed, as far as its file stamps tell."""
    error = transfer.error
    if error is not None and error.code in (ErrorCode.FILE_CHANGED, ErrorCode.FILE_NOT_FOUND):
        return True
    return transfer.storage.files.stamps() != transfer.record.stamps
