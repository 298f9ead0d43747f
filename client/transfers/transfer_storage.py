"""The files of a transfer on disk, and its record in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.core.transfers.piece_selection import PieceSelection, finalized_by, selection_of
from client.core.transfers.resume import FileStamps, is_believed
from client.state.transfers import TransferRecord, TransferStore
from client.storage.files.change_detector import changed_error
from client.storage.files.content import take_file_stamp
from client.storage.files.torrent_files import TorrentFiles
from client.storage.files.write_back import WriteBack
from client.storage.paths.os_errors import shown
from client.storage.recheck import is_already_there, verify
from client.torrent.torrent import Torrent
from common import metainfo
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo
from common.types import PieceIndex

_LOOKS = 3
"""How many times finished content is hashed because another program keeps touching it."""


class _Described:
    """What a transfer's metainfo says, and the files of that."""

    def __init__(
        self,
        record: TransferRecord,
        metainfo: Metainfo,
        files: type[TorrentFiles],
        write_back: WriteBack | None,
    ) -> None:
        self.metainfo = metainfo
        self.selection = selection_of(metainfo, record.options)
        finalized = finalized_by(metainfo, record.options)
        self.files = files(metainfo, record.path, self.selection, finalized, write_back)


_describing = threading.Lock()
"""Held while a transfer's metainfo is read, so that it happens once."""


class TransferStorage:
    """The files of one transfer and its record.

    The metainfo, and what follows from it, is read when it is needed first, and again after
    `forget`: most of many shares are idle. `record` is kept up to date, except for the user's
    options, which are in `options` and may be set at any time. `checked` counts the bytes visited
    while the files are checked. Every method and property may raise MinitorrentError, when the
    disk or the database fails. Not thread-safe, but for the reading of the metainfo.
    """

    def __init__(
        self,
        record: TransferRecord,
        store: TransferStore,
        files: type[TorrentFiles] = TorrentFiles,
        write_back: WriteBack | None = None,
    ) -> None:
        self.record = record
        self.options = record.options
        self.checked = 0
        self.is_hashed = False  # the caller has just hashed it to share it; reset by `open`
        self._store = store
        self._files = files
        self._write_back = write_back
        self._described: _Described | None = None
        self._counted = (0, 0)  # payload up and down that the record contains already

    @property
    def metainfo(self) -> Metainfo:
        """Its metainfo."""
        return self._describe().metainfo

    @property
    def selection(self) -> PieceSelection:
        """The pieces that its options select."""
        return self._describe().selection

    @property
    def files(self) -> TorrentFiles:
        """Its files."""
        return self._describe().files

    @property
    def length(self) -> int:
        """Wanted bytes."""
        if self._described is None and self.record.complete:
            recorded = self.record.length
            if recorded is not None:
                return recorded
        return self.selection.length

    def _describe(self) -> _Described:
        described = self._described
        if described is None:
            with _describing:
                described = self._described or self._read()
                self._described = described
        return described

    def _read(self) -> _Described:
        described = metainfo.parse(self._store.metainfo(self.record.id))
        return _Described(self.record, described, self._files, self._write_back)

    def forget(self) -> None:
        """Close the files, and forget the metainfo."""
        self.close()
        self._described = None

    def close(self) -> None:
        """Close the files, if they are open."""
        if self._described is not None:
            self._described.files.close()

    # --- a share that nobody downloads -------------------------------------------------------
    @property
    def may_rest(self) -> bool:
        """Whether it is complete content of one file, whose record is believed if it agrees.

        The files of a folder have to be watched one by one, so it doesn't rest.
        """
        stamps = self.record.stamps
        return (
            self.record.complete
            and self.options == DEFAULT_OPTIONS
            and stamps is not None
            and len(stamps.files) == 1
        )

    def is_unchanged(self) -> bool:
        """Return whether the file of a share that may rest is the recorded one; cheap."""
        return self.record.stamps == FileStamps((take_file_stamp(self.record.path),))

    def wake(self) -> Bitfield:
        """Open the files of a resting share; returns its pieces, all of them.

        Raises MinitorrentError: file_changed if they have changed since the record was made.
        """
        self._counted = (0, 0)
        self.files.open_complete()
        if not is_believed(self.record.stamps, self.files.verified_stamps()):
            raise changed_error(self.record.path)
        return self.selection.pieces.copy()

    def open(self, stopped: Callable[[], bool], *, recheck: bool, asked: bool = False) -> Bitfield:
        """Open the files and find out which pieces are right; begins a run.

        With `recheck`, every piece is hashed again, whatever the record says. Wrong pieces turn a
        complete download into one in progress (see `record.complete`), if the user `asked` for
        the recheck or nobody seems to have written to the files. Raises StoppedError once
        `stopped` returns True, file_changed when shared content has changed.
        """
        self._counted = (0, 0)
        if self.record.complete:
            return self._open_complete(stopped, recheck=recheck, asked=asked)
        record, files, options = self.record, self.files, self.options
        known = files.has_partial or options.in_place
        if not known and is_already_there(files, self._show_checked, stopped):
            return self.selection.pieces.copy()  # killed between renaming it and recording that
        files.open_partial(in_place=options.in_place)
        if not (known or options.finalized):
            return Bitfield(self.metainfo.piece_count)
        stamps = files.verified_stamps()
        believed = None if recheck else record.believed_pieces(stamps, self.selection.pieces)
        if believed is not None:
            return believed
        have = self._verify(stopped)
        lost = (files.is_finalized(PieceIndex(piece)) for piece in self.selection.lacking(have))
        if not options.in_place and any(lost):
            if not asked:
                raise self._changed(have)
            return self._repair(have)
        return have

    def _open_complete(
        self, stopped: Callable[[], bool], *, recheck: bool, asked: bool
    ) -> Bitfield:
        record, files = self.record, self.files
        try:
            files.open_complete()
        except MinitorrentError as error:
            if not (asked and not record.is_upload and error.code is ErrorCode.FILE_NOT_FOUND):
                raise
            return self._repair(Bitfield(self.metainfo.piece_count))
        stamps = files.verified_stamps()
        believed = record.believed_pieces(stamps, self.selection.pieces)
        is_hashed, self.is_hashed = self.is_hashed, False
        if believed is not None and not recheck:
            if is_hashed:
                files.mark_proven()
            return believed
        have = self._verify(stopped)
        if have != self.selection.pieces or not files.sizes_are_right():
            if record.is_upload or not (asked or believed):
                self._store.distrust(record.id)
                self.record = replace(record, stamps=None)
                raise self._changed(have)
            return self._repair(have)
        self._store.mark_complete(record.id, stamps)
        self.record = replace(record, stamps=stamps)
        return have

    def _repair(self, have: Bitfield) -> Bitfield:
        """Make complete content a download again, in place, of all but these pieces."""
        files, parent = self.files, self.files.final.parent
        if not parent.is_dir():
            raise MinitorrentError(
                ErrorCode.FILE_NOT_FOUND,
                f"The folder {shown(parent)} is gone. Put it back (or mount its disk), or say "
                "where the content is with relocate.",
            )
        files.open_partial(in_place=True)
        options = replace(self.options, in_place=True)
        stamps = files.verified_stamps()
        record = self._store.reopen_in_place(self.record.id, have, stamps, options)
        self.record = record or replace(self.record, complete=False, options=options)
        self.options = options
        return have

    def _changed(self, have: Bitfield) -> MinitorrentError:
        wrong = sum(1 for _ in self.selection.lacking(have))
        number = f"{wrong:,} of {self.selection.pieces.count:,} pieces are wrong"
        what = number if wrong else "files are longer than they were"
        if self.record.is_upload:
            way = "put it back and recheck, or stop_share it and upload it again"
        else:
            way = "put it back, or type recheck to download the wrong pieces again"
        return MinitorrentError(
            ErrorCode.FILE_CHANGED,
            f"{shown(self.files.final)} is no longer what was shared: {what}; {way}.",
        )

    def _verify(self, stopped: Callable[[], bool]) -> Bitfield:
        return verify(self.files, self._show_checked, stopped)

    def _show_checked(self, done: int, _: int) -> None:
        self.checked = done

    def finish(self, stopped: Callable[[], bool]) -> None:
        """Verify that all pieces are right on disk, and give the content its final name.

        Pieces that were hashed or written in this run and not touched since are known to be right;
        the others are hashed now. Raises StoppedError, and file_changed when a piece is wrong or
        the files keep changing.
        """
        if self.files.is_named:
            self._prove(stopped)
        else:
            self.files.finish(lambda: self._prove(stopped))
        stamps = self.files.verified_stamps()
        now = datetime.now(UTC)
        self._store.mark_complete(self.record.id, stamps, now)
        if self.options.in_place:
            self.set_options(replace(self.options, in_place=False))
        self.record = replace(
            self.record, complete=True, stamps=stamps, completed_at=now, owes_completion=True
        )

    def settle_completion(self) -> None:
        """Record that the tracker knows that the download was completed."""
        self._store.settle_completion(self.record.id)
        self.record = replace(self.record, owes_completion=False)

    def _prove(self, stopped: Callable[[], bool]) -> None:
        for _ in range(_LOOKS):
            self.files.look_at_all()
            doubtful = self.files.unproven()
            if not doubtful.count:
                self.files.clear_doubts()
                return
            found = verify(self.files, self._show_checked, stopped, doubtful)
            wrong = doubtful.count - found.count
            if wrong:
                raise MinitorrentError(
                    ErrorCode.FILE_CHANGED,
                    f"{wrong:,} pieces were changed by another program while {self.record.name!r} "
                    "was being downloaded.",
                )
        raise MinitorrentError(
            ErrorCode.FILE_CHANGED,
            f"Another program keeps writing to {shown(self.files.path)}; stop it, then resume.",
        )

    def set_options(self, options: DownloadOptions) -> None:
        """Set the user's options for the download."""
        self._store.set_options(self.record.id, options)
        self.options = options

    def save_progress(self, torrent: Torrent) -> None:
        """Record the progress; data first, record second: recorded pieces are on disk.

        The stamps are taken first: a piece written after that makes them differ from those that a
        later start finds, so that it checks the files again.
        """
        record = self.record
        uploaded, downloaded = torrent.uploaded, torrent.downloaded
        up, down = self._counted
        if (uploaded, downloaded) != (up, down):  # most of many shares are idle
            self._store.add_totals(record.id, uploaded - up, downloaded - down)
            self._counted = (uploaded, downloaded)
            self.record = replace(
                record,
                uploaded=record.uploaded + uploaded - up,
                downloaded=record.downloaded + downloaded - down,
            )
        if not record.complete:
            stamps, have = self.files.verified_stamps(), torrent.have()
            self.files.sync()
            self._store.update_progress(record.id, have, stamps)
            self.record = replace(self.record, bitfield=have.to_bytes(), stamps=stamps)

    def uploaded(self, torrent: Torrent | None) -> int:
        """Return the payload bytes uploaded in all runs, including that of `torrent`."""
        return self.record.uploaded + (torrent.uploaded - self._counted[0] if torrent else 0)

    def downloaded(self, torrent: Torrent | None) -> int:
        """Return the payload bytes downloaded in all runs, including that of `torrent`."""
        return self.record.downloaded + (torrent.downloaded - self._counted[1] if torrent else 0)

    def discard(self) -> None:
        """Delete the record, and the partial data of an unfinished download."""
        if self.record.complete:
            self.files.discard_part_file()
        else:
            self.files.discard()
        self._store.remove(self.record.id)
