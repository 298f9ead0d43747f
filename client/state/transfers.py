"""What the client remembers of its downloads and shares."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from sys import intern
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.core.transfers.resume import MISSING, FileStamps, is_believed
from client.state.completions import (
    forget_completion,
    read_owed,
    read_times,
    settle_completion,
    write_completion,
)
from client.state.database import Database
from client.state.download_options import (
    forget_options,
    read_all_options,
    read_options,
    write_options,
)
from client.state.schema import TransferRow
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash

_RECORDS: Final[Select[*tuple[Any, ...]]] = select(
    TransferRow.id,
    TransferRow.user,
    TransferRow.group,
    TransferRow.name,
    TransferRow.info_hash,
    TransferRow.path,
    TransferRow.is_upload,
    TransferRow.complete,
    TransferRow.paused,
    TransferRow.bitfield,
    TransferRow.stamps,
    TransferRow.uploaded,
    TransferRow.downloaded,
    TransferRow.added_at,
)
"""What a record is made of: everything but the metainfo, of which there may be megabytes."""


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """A user's download or upload: where its files are, and which pieces are verified.

    There may be very many, so its metainfo is read only when needed (`TransferStore.metainfo`).

    `is_upload` tells which of the two it began as; either is shared once complete. `path` is the
    final path. `bitfield` and `stamps` belong together: these pieces were verified and on disk
    when the files had these sizes and times. `uploaded` and `downloaded` count bytes. `options`
    are the user's options for the download. `completed_at` is None for uploads, and where it isn't
    known. `owes_completion` tells that the tracker doesn't know yet that it was completed.
    """

    id: int
    user: str
    group: str
    name: str
    info_hash: InfoHash
    path: Path
    is_upload: bool
    complete: bool
    paused: bool
    bitfield: bytes | None = field(repr=False)
    stamps: FileStamps | None = field(repr=False)
    uploaded: int
    downloaded: int
    added_at: datetime
    options: DownloadOptions = DEFAULT_OPTIONS
    completed_at: datetime | None = None
    owes_completion: bool = False

    @property
    def length(self) -> int | None:
        """Bytes that it selects, if its file stamps tell, which needs no metainfo."""
        stamps, options = self.stamps, self.options
        is_whole = options is DEFAULT_OPTIONS or options == DEFAULT_OPTIONS
        if stamps is None or not is_whole or MISSING in stamps.files:
            return None
        return sum(stamps.sizes)

    def verified(self, wanted: Bitfield) -> Bitfield | None:
        """Return the pieces of an incomplete download that were verified last, if recorded.

        `wanted` are the pieces that it selects.
        """
        if self.complete or self.bitfield is None:
            return None
        try:
            return Bitfield.from_bytes(self.bitfield, wanted.size)
        except ValueError:
            return None

    def believed_pieces(self, found: FileStamps, wanted: Bitfield) -> Bitfield | None:
        """Return the verified pieces, or None when the files have to be hashed again.

        `found` are the stamps of the files as they are now, `wanted` the pieces that the transfer
        selects: all of them, once it is complete.
        """
        if not is_believed(self.stamps, found):
            return None
        if self.complete:
            return wanted.copy()
        return self.verified(wanted)


class CompleteCount(NamedTuple):
    """How many complete transfers of a group are `paused`, or are not; and the newest one's id."""

    group: str
    paused: bool
    number: int
    newest: int


@dataclass(frozen=True, kw_only=True)
class NewTransfer:
    """A transfer that is not recorded yet; `added_at` has a time zone.

    `stamps` were taken of the files when their pieces were verified: all of them if it is
    `complete`, else those in `have`. The rest is as in TransferRecord.
    """

    user: str
    group: str
    name: str
    info_hash: InfoHash
    metainfo: bytes = field(repr=False)
    path: Path
    added_at: datetime
    is_upload: bool = False
    stamps: FileStamps | None = field(default=None, repr=False)
    complete: bool = False
    have: Bitfield | None = None
    options: DownloadOptions = DEFAULT_OPTIONS

    def to_row(self) -> TransferRow:
        """Return the row to store."""
        return TransferRow(
            user=self.user,
            group=self.group,
            name=self.name,
            info_hash=bytes(self.info_hash),
            metainfo=self.metainfo,
            path=os.fsencode(self.path),
            is_upload=self.is_upload,
            complete=self.complete,
            paused=False,
            bitfield=self.have.to_bytes() if self.have else None,
            stamps=self.stamps.to_text() if self.stamps else None,
            uploaded=0,
            downloaded=0,
            added_at=self.added_at.astimezone(UTC).isoformat(),
        )


class TransferStore:
    """The transfers in the database. Changes of an id that doesn't exist are no-ops.

    Every method may be called from any thread, is durable when it returns, and raises
    MinitorrentError(disk_full or internal) when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, new: NewTransfer) -> TransferRecord:
        """Remember a new transfer.

        Raises MinitorrentError(name_taken) when the user has one of that name in that group.
        """
        row = new.to_row()
        try:
            with self._database.transaction() as session:
                session.add(row)
                session.flush()
                if new.options != DEFAULT_OPTIONS:
                    write_options(session, row.id, new.options)
                return _record(row, new.options)
        except IntegrityError as error:
            raise MinitorrentError(
                ErrorCode.NAME_TAKEN,
                f"You already have a transfer {new.name!r} in {new.group!r}; list yours with: "
                "show_downloads, show_shares",
            ) from error

    def get(self, transfer: int) -> TransferRecord | None:
        """Return the transfer with this id, or None."""
        return self._one(TransferRow.id == transfer)

    def metainfo(self, transfer: int) -> bytes:
        """Return the metainfo of a transfer; raises MinitorrentError(internal) if it is gone."""
        query = select(TransferRow.metainfo).where(TransferRow.id == transfer)
        with self._database.transaction() as session:
            found = session.scalar(query)
        if found is None:
            raise MinitorrentError(ErrorCode.INTERNAL, "The transfer was removed.")
        return found

    def find(self, user: str, group: str, name: str) -> TransferRecord | None:
        """Return the user's transfer of that name in that group, or None."""
        row = TransferRow
        return self._one(row.user == user, row.group == group, row.name == name)

    def _one(self, *conditions: ColumnElement[bool]) -> TransferRecord | None:
        with self._database.transaction() as session:
            row = session.execute(_RECORDS.where(*conditions)).one_or_none()
            if row is None:
                return None
            times, owed = read_times(session, [row.id]), read_owed(session, [row.id])
            options = read_options(session, row.id)
            return _record(row, options, times.get(row.id), row.id in owed)

    def list_unfinished(self, user: str) -> list[TransferRecord]:
        """Return the user's incomplete downloads, oldest first."""
        return self._list(TransferRow.user == user, TransferRow.complete.is_(False))

    def list_complete(
        self, user: str, after: int, until: int, limit: int | None = None
    ) -> list[TransferRecord]:
        """Return the user's complete transfers with `after` < id <= `until`, oldest first."""
        return self._list(
            TransferRow.id > after,
            TransferRow.id <= until,
            TransferRow.user == user,
            TransferRow.complete.is_(True),
            limit=limit,
        )

    def names_complete(self, user: str, group: str, names: Sequence[str]) -> set[str]:
        """Return which of these names the user's complete transfers in a group have."""
        query = select(TransferRow.name).filter_by(user=user, group=group, complete=True)
        with self._database.transaction() as session:
            return set(session.scalars(query.where(TransferRow.name.in_(names))))

    def count_complete(self, user: str) -> list[CompleteCount]:
        """Count the user's complete transfers by group, paused ones separately."""
        row = TransferRow
        query = select(row.group, row.paused, func.count(), func.max(row.id))
        query = query.where(row.user == user, row.complete).group_by(row.group, row.paused)
        with self._database.transaction() as session:
            return [CompleteCount(*found) for found in session.execute(query)]

    def _list(
        self, *conditions: ColumnElement[bool], limit: int | None = None
    ) -> list[TransferRecord]:
        query = _RECORDS.where(*conditions).order_by(TransferRow.id).limit(limit)
        with self._database.transaction() as session:
            options = read_all_options(session)
            rows = session.execute(query).all()
            numbers = [row.id for row in rows]
            times, owed = read_times(session, numbers), read_owed(session, numbers)
            return [
                _record(
                    row, options.get(row.id, DEFAULT_OPTIONS), times.get(row.id), row.id in owed
                )
                for row in rows
            ]

    def update_progress(self, transfer: int, bitfield: Bitfield, stamps: FileStamps) -> None:
        """Record verified pieces. They must be on disk already: data first, record second."""
        self._set(transfer, bitfield=bitfield.to_bytes(), stamps=stamps.to_text())

    def mark_complete(self, transfer: int, stamps: FileStamps, at: datetime | None = None) -> None:
        """Record that everything is verified and at its final path.

        `at` is the time when the download was completed, None if it had been complete before.
        """
        values = {"complete": True, "bitfield": None, "stamps": stamps.to_text()}
        with self._database.transaction() as session:
            session.execute(update(TransferRow).where(TransferRow.id == transfer).values(**values))
            if at is not None:
                write_completion(session, transfer, at)

    def settle_completion(self, transfer: int) -> None:
        """Record that the tracker knows that the download was completed."""
        with self._database.transaction() as session:
            settle_completion(session, transfer)

    def distrust(self, transfer: int) -> None:
        """Record that the files have to be hashed again, whatever their stamps say."""
        self._set(transfer, stamps=None)

    def set_paused(self, transfer: int, *, paused: bool) -> None:
        """Record whether the user has paused it."""
        self._set(transfer, paused=paused)

    def reopen(self, transfer: int, options: DownloadOptions) -> None:
        """Record that a complete download now selects more files, and so is incomplete again."""
        self._set(transfer, complete=False, paused=False)
        self.set_options(transfer, options)

    def reopen_in_place(
        self, transfer: int, have: Bitfield, stamps: FileStamps, options: DownloadOptions
    ) -> TransferRecord | None:
        """Record that only these pieces of complete content are still right.

        It becomes a download, whatever it began as. Returns the updated record.
        """
        self.set_options(transfer, options)  # first: without it the files must not be written
        self._set(
            transfer,
            complete=False,
            is_upload=False,
            bitfield=have.to_bytes(),
            stamps=stamps.to_text(),
        )
        return self.get(transfer)

    def relocate(self, transfer: int, path: Path, stamps: FileStamps) -> None:
        """Record that complete content is at another path now, and verified there."""
        self._set(transfer, path=os.fsencode(path), stamps=stamps.to_text(), paused=False)

    def set_options(self, transfer: int, options: DownloadOptions) -> None:
        """Store the user's options for a download."""
        with self._database.transaction() as session:
            write_options(session, transfer, options)

    def add_totals(self, transfer: int, uploaded: int, downloaded: int) -> None:
        """Add to the payload bytes transferred so far."""
        self._set(
            transfer,
            uploaded=TransferRow.uploaded + uploaded,
            downloaded=TransferRow.downloaded + downloaded,
        )

    def remove(self, transfer: int) -> None:
        """Delete the transfer."""
        with self._database.transaction() as session:
            session.execute(delete(TransferRow).where(TransferRow.id == transfer))
            forget_options(session, transfer)
            forget_completion(session, transfer)

    def _set(self, transfer: int, **values: object) -> None:
        with self._database.transaction() as session:
            session.execute(update(TransferRow).where(TransferRow.id == transfer).values(**values))


def _record(
    row: TransferRow | Row[*tuple[Any, ...]],
    options: DownloadOptions,
    completed_at: datetime | None = None,
    owes_completion: bool = False,
) -> TransferRecord:
    return TransferRecord(
        id=row.id,
        user=intern(row.user),
        group=intern(row.group),
        name=row.name,
        info_hash=InfoHash(row.info_hash),
        path=Path(os.fsdecode(row.path)),
        is_upload=row.is_upload,
        complete=row.complete,
        paused=row.paused,
        bitfield=row.bitfield,
        stamps=_stamps(row.stamps),
        uploaded=row.uploaded,
        downloaded=row.downloaded,
        added_at=datetime.fromisoformat(row.added_at),
        options=options,
        completed_at=completed_at,
        owes_completion=owes_completion,
    )


def _stamps(text: str | None) -> FileStamps | None:
    """Parse stored stamps; None if they are unreadable, so that the files are hashed again."""
    try:
        return FileStamps.from_text(text) if text else None
    except ValueError:
        return None
