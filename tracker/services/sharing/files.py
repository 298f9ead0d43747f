"""The files that groups share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from common.api import files as api
from common.api.events import EventKind
from common.errors import ErrorCode, MinitorrentError
from common.types import info_hash_from_hex
from tracker.domain import rules
from tracker.domain.paging import KeyPart, cursor, cut, read_cursor
from tracker.domain.rules import Upload
from tracker.quotas import Quotas
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.events import record, record_removal
from tracker.services.groups.groups import authority_of
from tracker.services.lookups import find_group_and_role, find_own_group
from tracker.services.quotas import check_new_file
from tracker.services.sharing.listing import Listings
from tracker.services.sharing.metainfo import (
    MetainfoReader,
    check_authority,
    check_content,
    new_file,
)
from tracker.services.sharing.rankings import SeederRankings
from tracker.services.sharing.removals import no_such_info_hash
from tracker.services.sharing.swarms import Swarms
from tracker.services.totals import MANY, Totals
from tracker.store.records import File, Group, ListedFile
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_SORT_KEYS: Mapping[api.Sort, tuple[type[KeyPart], ...]] = {
    "name": (str,),
    "size": (int, int),
    "age": (float, int),
    "seeders": (int, int),
}
"""The types of a cursor's parts."""


class FileService:
    """Operations on files."""

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        steady: Clock,
        quotas: Quotas,
        swarms: Swarms,
        listings: Listings,
    ) -> None:
        self._listings = listings
        self._swarms = swarms
        self._totals, self._totals_found = Totals(steady), Totals(steady)
        self._rankings = SeederRankings(steady)
        self._quotas = quotas
        self._database = database
        self._clock = clock
        self._reader = MetainfoReader()

    def list_files(self, me: Identity, request: api.ListFiles) -> api.ListFilesReply:
        """Return a page of a group's files, each with its number of seeders and leechers."""
        after = read_cursor(request.after, *_SORT_KEYS[request.sort])
        now = self._clock()
        with self._database.read() as work:
            group = find_own_group(work, me, request.group)
            total = self._total(work, group.id, request.pattern)
            if request.sort == "seeders":
                found = self._rankings.page(
                    work, group.id, request.pattern, after, request.rows + 1, now
                )
            else:
                found = work.file_lists.page(
                    group.id,
                    request.pattern,
                    request.sort,
                    after,
                    request.rows + 1,
                    many=total > MANY,
                )
            files, following = cut(found, request.rows, lambda row: cursor(*row[1]))
            ids = [file.id for file, _ in files]
            counts = self._swarms.counts(work.presence, ids, now)
        rows = [_row(file, counts.get(file.id, (0, 0))) for file, _ in files]
        return api.ListFilesReply(group=group.name, files=rows, total=total, next=following)

    def _total(self, work: UnitOfWork, group_id: int, pattern: str) -> int:
        """Count the group's files that match a pattern.

        To count many matches takes long, and looking at all names too.
        """
        size = work.sizes.of_group(group_id).files
        if not pattern:
            return size
        count = partial(work.file_lists.count, group_id, pattern)
        if size <= MANY or work.file_lists.is_rare(pattern):
            return count()
        return self._totals.of(group_id, pattern, count)

    def _total_found(self, work: UnitOfWork, user_id: int, pattern: str) -> int:
        """Count the files of a user's groups that match a pattern; as above."""
        count = partial(work.file_lists.count_found, user_id, pattern)
        is_quick = not pattern or work.file_lists.count_found(user_id, "") <= MANY
        if is_quick or work.file_lists.is_rare(pattern):
            return count()
        return self._totals_found.of(user_id, pattern, count)

    def find_files(self, me: Identity, request: api.FindFiles) -> api.FindFilesReply:
        """Return a page of the files of all of the caller's groups, by name."""
        after = read_cursor(request.after, str, int)
        with self._database.read() as work:
            found = work.file_lists.search(me.user_id, request.pattern, after, request.rows + 1)
            rows, following = cut(found, request.rows, lambda row: cursor(row[0].name, row[0].id))
            ids = [file.id for file, _ in rows]
            counts = self._swarms.counts(work.presence, ids, self._clock())
            total = self._total_found(work, me.user_id, request.pattern)
        files = [_found(file, group, counts.get(file.id, (0, 0))) for file, group in rows]
        return api.FindFilesReply(files=files, total=total, next=following)

    def add_file(self, me: Identity, request: api.AddFile) -> api.AddFileReply:
        """Share a file; equal content under the same name becomes one file with two sharers.

        Raises MinitorrentError(name_taken, usage, not_member, ...).
        """
        with self._database.read() as work:
            find_own_group(work, me, request.group)
        content = self._reader.read(request.metainfo)
        with self._database.write() as work:
            group, own_role = find_group_and_role(work, me, request.group, lock=True)
            role = rules.require_member(group.name, own_role)
            check_content(content, request.name, group)
            check_authority(content, group, authority_of(work, group))
            now = self._clock()
            file = work.files.by_name(group.id, request.name)
            if file is None:
                rules.check_upload(group.name, me.user, role, Upload(group.upload))
                size = len(request.metainfo)
                check_new_file(work, self._quotas, me, group, content.size, size)
                new = new_file(content, group, now)
                new = new._replace(added_by=me.user_id, metainfo_size=size)
                file = work.files.add(new, request.metainfo)
                text = f"{me.user} shares {file.name} in {group.name}."
                record(work, EventKind.FILE_ADDED, group, me, file.name, text, now)
            elif file.info_hash != content.info_hash:
                raise MinitorrentError(
                    ErrorCode.NAME_TAKEN,
                    f"{group.name} already shares different content as {file.name}; "
                    "choose another name with --name.",
                )
            work.files.share([file.id], me.user_id, now)
        return api.AddFileReply(
            group=request.group,
            name=file.name,
            size=file.size,
            pieces=file.pieces,
            info_hash=file.info_hash.hex(),
        )

    def get_file(self, me: Identity, request: api.GetFile) -> api.GetFileReply:
        """Return a file's metainfo by name. Raises MinitorrentError(no_such_file, not_member)."""
        with self._database.read() as work:
            group = find_own_group(work, me, request.group)
            file = _find(work, group, request.name)
            return self._describe(work, group, file, me, request.numwant)

    def find_file(self, me: Identity, request: api.FindFile) -> api.GetFileReply:
        """Return a file's metainfo by info-hash. Raises MinitorrentError(no_such_file)."""
        info_hash = info_hash_from_hex(request.info_hash)
        with self._database.read() as work:
            file = work.files.by_info_hashes([info_hash]).get(info_hash)
            if file is None or not work.groups.is_member_of(me.user_id, [file.group_id]):
                raise no_such_info_hash(work, me.user_id, info_hash)
            return self._describe(work, work.files.group_of(file), file, me, request.numwant)

    def _describe(
        self, work: UnitOfWork, group: Group, file: File, me: Identity, numwant: int
    ) -> api.GetFileReply:
        return api.GetFileReply(
            group=group.name,
            name=file.name,
            size=file.size,
            pieces=file.pieces,
            info_hash=file.info_hash.hex(),
            owner=work.files.owner(file.id),
            metainfo=work.files.metainfo(file.id),
            presence=self._listings.ahead(work.presence, me, file, numwant, self._clock()),
        )

    def stop_share(self, me: Identity, request: api.StopShare) -> api.FileReply:
        """Stop sharing a file. Raises MinitorrentError(no_such_file, not_member, ...)."""
        with self._database.write() as work:
            group = find_own_group(work, me, request.group, lock=True)
            file = _find(work, group, request.name)
            work.peers.drop_user(me.user_id, [file.id])
            if not work.files.unshare(file.id, me.user_id):
                raise MinitorrentError(
                    ErrorCode.NO_SUCH_FILE,
                    f"You are not sharing {request.name} in {group.name}; see: show_shares",
                )
            text = f"{me.user} stopped sharing {file.name} in {group.name}."
            record(work, EventKind.FILE_STOPPED, group, me, file.name, text, self._clock())
        return api.FileReply(group=request.group, name=request.name)

    def remove_file(self, me: Identity, request: api.RemoveFile) -> api.RemoveFileReply:
        """Remove a file for everybody. Raises MinitorrentError(no_such_file, not_admin, ...).

        Its name is free then, and announces of its content are refused, until a member adds it
        once more.
        """
        with self._database.write() as work:
            group, own_role = find_group_and_role(work, me, request.group, lock=True)
            role = rules.require_member(group.name, own_role)
            file = _find(work, group, request.name)
            is_owner = work.files.owner(file.id) == me.user
            upload = Upload(group.upload)
            rules.check_file_removal(group.name, file.name, role, upload, is_owner=is_owner)
            record_removal(work, file, group, me, self._clock())
            work.files.remove(file.id)
        info_hash = file.info_hash.hex()
        return api.RemoveFileReply(group=request.group, name=request.name, info_hash=info_hash)


def _row(file: ListedFile, counts: tuple[int, int]) -> api.FileRow:
    seeders, leechers = counts
    return api.FileRow(
        name=file.name,
        size=file.size,
        pieces=file.pieces,
        info_hash=file.info_hash.hex(),
        owner=file.owner,
        seeders=seeders,
        leechers=leechers,
    )


def _found(file: ListedFile, group: str, counts: tuple[int, int]) -> api.FoundFile:
    seeders, leechers = counts
    return api.FoundFile(
        group=group,
        name=file.name,
        size=file.size,
        info_hash=file.info_hash.hex(),
        owner=file.owner,
        seeders=seeders,
        leechers=leechers,
    )


def _find(work: UnitOfWork, group: Group, name: str) -> File:
    file = work.files.by_name(group.id, name)
    if file is None:
        raise MinitorrentError(
            ErrorCode.NO_SUCH_FILE,
            f"There is no file {name} in {group.name}; see: list_files {group.name}",
        )
    return file
