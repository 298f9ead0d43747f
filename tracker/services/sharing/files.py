"""The files that groups share."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from common import metainfo
from common.api import files as api
from common.api.events import EventKind
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo
from common.types import InfoHash, info_hash_from_hex
from tracker.domain.paging import KeyPart, cursor, cut, read_cursor
from tracker.quotas import Quotas, check_quota
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.events import record
from tracker.services.groups.groups import authority_of, source_of
from tracker.services.lookups import find_own_group
from tracker.store.schema import File, Group
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_SORT_KEYS: Mapping[api.Sort, tuple[type[KeyPart], ...]] = {
    "name": (str,),
    "size": (int, int),
    "age": (float, int),
    "seeders": (int, int),
}
"""The types of a cursor's parts."""

_SMALL_METAINFO = 256 * 1024  # bytes, which take at most a few hundredths of a second to parse


class _MetainfoReader:
    """Parses the metainfo of added files. Thread-safe.

    Large metainfo takes up to a second of CPU time, so it is parsed one at a time. The frontends
    bound how many requests wait here, since they accept only a few long requests at a time.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def read(self, data: bytes) -> Metainfo:
        """Parse metainfo. Raises MinitorrentError as common.metainfo.parse does."""
        if len(data) <= _SMALL_METAINFO:
            return metainfo.parse(data)
        with self._turn:
            return metainfo.parse(data)


class FileService:
    """Operations on files."""

    def __init__(self, database: UnitOfWorkFactory, clock: Clock, quotas: Quotas) -> None:
        self._quotas = quotas
        self._database = database
        self._clock = clock
        self._reader = _MetainfoReader()

    def list_files(self, me: Identity, request: api.ListFiles) -> api.ListFilesReply:
        """Return a page of a group's files, each with its number of seeders and leechers."""
        after = read_cursor(request.after, *_SORT_KEYS[request.sort])
        now = self._clock()
        with self._database.read() as work:
            group = find_own_group(work, me, request.group)
            found = work.files.page(
                group.id, request.pattern, request.sort, after, request.rows + 1, now
            )
            files, following = cut(found, request.rows, lambda row: cursor(*row[1]))
            ids = [file.id for file, _ in files]
            owners, counts = work.files.owners(ids), work.peers.counts(ids, now)
            total = work.files.count(group.id, request.pattern)
        rows = [
            _row(file, owners.get(file.id, ""), counts.get(file.id, (0, 0))) for file, _ in files
        ]
        return api.ListFilesReply(group=group.name, files=rows, total=total, next=following)

    def add_file(self, me: Identity, request: api.AddFile) -> api.AddFileReply:
        """Share a file; equal content under the same name becomes one file with two sharers.

        Raises MinitorrentError(name_taken, usage, not_member, ...).
        """
        with self._database.read() as work:
            find_own_group(work, me, request.group)
        content = self._reader.read(request.metainfo)
        with self._database.write() as work:
            group = find_own_group(work, me, request.group, lock=True)
            _check_content(content, request.name, group)
            _check_authority(content, group, authority_of(work, group))
            now = self._clock()
            file = work.files.by_name(group.id, request.name)
            if file is None:
                self._check_quotas(work, me, group, len(request.metainfo))
                file = _new_file(content, group, now)
                file.added_by, file.metainfo_size = me.user_id, len(request.metainfo)
                work.files.add(file, request.metainfo)
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

    def _check_quotas(self, work: UnitOfWork, me: Identity, group: Group, size: int) -> None:
        quotas, remedy = self._quotas, "share fewer, or a folder instead of its files"
        work.users.lock(me.user_id)
        count, total = work.files.count_added_by(me.user_id)
        check_quota(count, quotas.files, "files per user", remedy)
        what = "bytes of metainfo per user"
        check_quota(total + size - 1, quotas.metainfo_bytes, what, remedy)
        check_quota(
            work.files.count_in_group(group.id), quotas.group_files, "files per group", remedy
        )

    def get_file(self, me: Identity, request: api.GetFile) -> api.GetFileReply:
        """Return a file's metainfo by name. Raises MinitorrentError(no_such_file, not_member)."""
        with self._database.read() as work:
            group = find_own_group(work, me, request.group)
            return _describe(work, group, _find(work, group, request.name))

    def find_file(self, me: Identity, request: api.FindFile) -> api.GetFileReply:
        """Return a file's metainfo by info-hash. Raises MinitorrentError(no_such_file)."""
        info_hash = info_hash_from_hex(request.info_hash)
        with self._database.read() as work:
            file = work.files.by_info_hashes([info_hash]).get(info_hash)
            if file is None or not work.groups.is_member_of(me.user_id, [file.group_id]):
                raise no_such_info_hash(info_hash)
            return _describe(work, work.files.group_of(file), file)

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


def _row(file: File, owner: str, counts: tuple[int, int]) -> api.FileRow:
    seeders, leechers = counts
    return api.FileRow(
        name=file.name,
        size=file.size,
        pieces=file.pieces,
        info_hash=file.info_hash.hex(),
        owner=owner,
        seeders=seeders,
        leechers=leechers,
    )


def no_such_info_hash(info_hash: InfoHash) -> MinitorrentError:
    """Return the error for an info-hash that none of the caller's groups shares."""
    return MinitorrentError(
        ErrorCode.NO_SUCH_FILE, f"None of your groups shares the file {info_hash.hex()}."
    )


def _find(work: UnitOfWork, group: Group, name: str) -> File:
    file = work.files.by_name(group.id, name)
    if file is None:
        raise MinitorrentError(
            ErrorCode.NO_SUCH_FILE,
            f"There is no file {name} in {group.name}; see: list_files {group.name}",
        )
    return file


def _check_content(content: Metainfo, name: str, group: Group) -> None:
    """Check that the metainfo was created for this group: private, with the group's source."""
    if content.name != name:
        raise MinitorrentError(
            ErrorCode.USAGE, f"This metainfo is for {content.name}; it can't be shared as {name}."
        )
    if not content.private or content.source != source_of(group):
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"This metainfo was not created for {group.name}; share the content itself with: "
            "upload_file",
        )


def _check_authority(content: Metainfo, group: Group, authority: str | None) -> None:
    """Check `ssl-cert`: content with it is sealed whoever shares it, content without is open to
    all.
    """
    if content.authority != authority:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"This metainfo lacks the certificate of {group.name} (ssl-cert), or has another "
            "one; share the content itself with: upload_file",
        )


def _new_file(content: Metainfo, group: Group, now: float) -> File:
    return File(
        group_id=group.id,
        name=content.name,
        info_hash=bytes(content.info_hash),
        size=content.size,
        pieces=content.piece_count,
        added_at=now,
    )


def _describe(work: UnitOfWork, group: Group, file: File) -> api.GetFileReply:
    return api.GetFileReply(
        group=group.name,
        name=file.name,
        size=file.size,
        pieces=file.pieces,
        info_hash=file.info_hash.hex(),
        owner=work.files.owner(file.id),
        metainfo=work.files.metainfo(file.id),
    )
