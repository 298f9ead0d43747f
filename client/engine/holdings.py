"""What there is of a transfer on the disk, and what the database keeps of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from client.core.goal import goal_of, placed_by
from client.core.plan import Plan
from client.engine.torrent import Torrent
from client.state.transfers import TransferRecord, Transfers
from client.storage.files import TorrentFiles
from client.storage.recheck import is_already_there, verify
from common import metainfo
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex


class Holdings:
    """The files of one transfer and the record of them; `record` is kept up to date, but for
    what the user wishes: `plan` has that, and may be set at any time.

    `checked` counts the bytes gone over while the files are checked. Every method may raise
    MinitorrentError, when the disk or the database fails. One call at a time.
    """

    def __init__(self, record: TransferRecord, store: Transfers) -> None:
        self.record = record
        self.plan = record.plan
        self.metainfo = metainfo.parse(record.metainfo)
        self.goal = goal_of(self.metainfo, record.plan)
        placed = placed_by(self.metainfo, record.plan)
        self.files = TorrentFiles(self.metainfo, record.path, self.goal, placed)
        self.checked = 0
        self._store = store
        self._counted = (0, 0)  # payload up and down that the record has already

    def open(self, stopped: Callable[[], bool], *, recheck: bool) -> Bitfield:
        """Open the files and find out which pieces are there; begins a run.

        With `recheck` every piece is hashed again, whatever the record says. Raises StoppedError
        once `stopped` says so, file_changed when something shared is not what it was.
        """
        self._counted = (0, 0)
        if self.record.complete:
            return self._open_complete(stopped, recheck=recheck)
        record, files = self.record, self.files
        known = files.has_partial
        if not known and is_already_there(files, self._show_checked, stopped):
            return self.goal.pieces.copy()  # killed after it got its name, before that was recorded
        files.open_partial()
        if not (known or record.plan.placed):
            return Bitfield(self.metainfo.piece_count)
        believed = None if recheck else record.believed_pieces(files.facts(), self.goal.pieces)
        if believed is not None:
            return believed
        have = self._verify(stopped)
        if any(files.is_placed(PieceIndex(piece)) for piece in self.goal.lacking(have)):
            raise self._changed()
        return have

    def _open_complete(self, stopped: Callable[[], bool], *, recheck: bool) -> Bitfield:
        record, files = self.record, self.files
        files.open_complete()
        facts = files.facts()  # taken first: what changes while it is hashed has changed
        believed = record.believed_pieces(facts, self.goal.pieces)
        if believed is not None and not recheck:
            files.watch(facts)
            return believed
        have = self._verify(stopped)
        if have != self.goal.pieces or not files.sizes_are_right():
            raise self._changed()
        self._store.mark_complete(record.id, facts)
        self.record = replace(record, facts=facts)
        files.watch(facts)
        return have

    def _changed(self) -> MinitorrentError:
        return MinitorrentError(
            ErrorCode.FILE_CHANGED,
            f"{self.files.final} is no longer what was shared; put it back and recheck, or "
            "stop_share it and upload it anew.",
        )

    def _verify(self, stopped: Callable[[], bool]) -> Bitfield:
        return verify(self.files, self.metainfo, self._show_checked, stopped)

    def _show_checked(self, done: int, _: int) -> None:
        self.checked = done

    def finish(self) -> None:
        """All pieces are here: give the content its name."""
        if self.files.has_partial:
            self.files.finish()
        facts = self.files.facts()
        self._store.mark_complete(self.record.id, facts)
        self.files.watch(facts)
        self.record = replace(self.record, complete=True, facts=facts)

    def set_plan(self, plan: Plan) -> None:
        """The user wishes something else of it."""
        self._store.set_plan(self.record.id, plan)
        self.plan = plan

    def save_progress(self, torrent: Torrent) -> None:
        """Data first, record second: what the record claims is on the disk.

        The facts are taken first of all: a piece written after that makes them differ from what
        a later start finds, so that it looks for that piece.
        """
        record = self.record
        uploaded, downloaded = torrent.uploaded, torrent.downloaded
        up, down = self._counted
        self._store.add_totals(record.id, uploaded - up, downloaded - down)
        self._counted = (uploaded, downloaded)
        self.record = replace(
            record,
            uploaded=record.uploaded + uploaded - up,
            downloaded=record.downloaded + downloaded - down,
        )
        if not record.complete:
            facts, have = self.files.facts(), torrent.have()
            self.files.sync()
            self._store.update_progress(record.id, have, facts)

    def uploaded(self, torrent: Torrent | None) -> int:
        """Payload bytes given to peers, in all runs and in that of `torrent`."""
        return self.record.uploaded + (torrent.uploaded - self._counted[0] if torrent else 0)

    def discard(self) -> None:
        """Forget it; what is there of an unfinished download is deleted."""
        if self.record.complete:
            self.files.discard_aside()
        else:
            self.files.discard()
        self._store.remove(self.record.id)
