"""One file of a group at this client, from its first check on disk until it is discarded.

Its state is one value (see core.transfers.transfer_state). A download is queued until its turn
comes (see download_scheduler), and again when it loses its turn. When another program touches the
files of a download, they are checked again and wrong pieces are downloaded again, `MOST_UPSETS`
times a run. A finished download returns to the queue when a recheck finds wrong pieces, or when a
piece turns out to be wrong though its file looks untouched; a share of the user's own file fails
instead, as does any file that seems to have been edited. Checking, finishing and stopping take
time: they run in the client's job threads, one at a time for each transfer. Meanwhile, commands
read the state from plain attributes.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from client.core.admission.candidates import PeerCandidate
from client.core.notices.events import FileRemoved, PiecesLost
from client.core.transfers.transfer_state import (
    AllHere,
    Checking,
    ContentTouched,
    Downloading,
    Event,
    Failed,
    FailedWith,
    Finished,
    Halted,
    NoSpace,
    Opened,
    Queued,
    Recheck,
    Reported,
    Started,
    TurnLost,
    TurnTaken,
    is_legal,
)
from client.net.tracker.announcer import UnidentifiedPeer
from client.storage.pieces.piece_scan import StoppedError
from client.torrent.torrent import Torrent
from client.transfers.disk_space import SpaceWait
from client.transfers.serial_executor import SerialExecutor
from client.transfers.transfer_context import TransferContext
from client.transfers.transfer_status import TransferStatus
from client.transfers.transfer_storage import TransferStorage
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError

log = structlog.get_logger(__name__)


MOST_UPSETS: Final = 5
"""How often a download is checked again in one run because another program changed it."""

_TOUCHED: Final = (ErrorCode.FILE_CHANGED, ErrorCode.FILE_NOT_FOUND)
"""The errors for files that another program has touched."""


class Transfer(TransferStatus):
    """An upload or a download."""

    def __init__(self, storage: TransferStorage, context: TransferContext) -> None:
        super().__init__(storage, context)
        self.throttle = context.rate_limits.throttle(storage.record)
        self._space = SpaceWait(context.disk)
        self._upsets = 0  # changes by other programs in this run
        self._had = 0  # pieces that were right when the last change was noticed
        self._halting = threading.Event()
        self._executor = SerialExecutor(storage.record.name, context.jobs, self._fail)

    @property
    def place(self) -> tuple[int, int] | None:
        """Its place in the queue, from 1, and how many wait there; None when it isn't waiting."""
        return self._context.scheduler.place(self)

    # --- callbacks (Announced, TorrentOwner) ------------------------------------------------
    def learn(self, candidates: Sequence[PeerCandidate]) -> None:
        """See Announced."""
        torrent = self.torrent  # another thread may stop it
        if torrent is not None:
            torrent.learn(candidates)

    def refused(self, error: MinitorrentError) -> None:
        """See Announced."""
        self._executor.submit(lambda: self._fail(error))

    def removed(self, text: str) -> None:
        """See Announced."""
        record = self.record
        removal = FileRemoved(record.group, record.name, self.info_hash, text, is_new=True)
        self._context.events.publish(removal)

    def counted(self) -> None:
        """See Announced."""
        self._executor.submit(self._settle_completion)

    def identified(self, key: int, user: str | None, *, is_member: bool | None) -> None:
        """See Announced."""
        torrent = self.torrent
        if torrent is not None:
            torrent.identified(key, user, is_member=is_member)

    def on_complete(self, torrent: Torrent) -> None:
        """See TorrentOwner."""
        self._executor.submit(self._finish, lambda: self.torrent is torrent)

    def on_failed(self, torrent: Torrent, error: MinitorrentError) -> None:
        """See TorrentOwner."""
        self._executor.submit(lambda: self._fail(error), lambda: self.torrent is torrent)

    def on_damaged(self, torrent: Torrent) -> None:
        """See TorrentOwner."""
        self._executor.submit(self._repair, lambda: self.torrent is torrent)

    def on_unidentified(self, peer: UnidentifiedPeer) -> None:
        """See TorrentOwner."""
        self._context.announcer.identify(self.info_hash, peer)

    # --- commands ---------------------------------------------------------------------------
    def start(self, *, recheck: bool = False) -> None:
        """Check the files on disk and continue from there; returns at once.

        With `recheck`, every piece is hashed again, whatever the record says.
        """
        if not self._move_if_legal(Started(Recheck.ASKED if recheck else Recheck.NO)):
            return  # it runs already
        self._upsets = self._had = self.storage.checked = 0
        self._halting.clear()
        if self.record.complete:
            self._executor.submit(self._open)
        else:
            self._context.scheduler.join(self)

    def take_turn(self) -> None:
        """See Queued."""
        self._executor.submit(self._open)

    def lose_turn(self) -> None:
        """See Queued."""
        self._executor.submit(self._step_back)

    def begin_halt(self) -> None:
        """Tell running jobs to end early; `halt` has to follow."""
        self._halting.set()

    def halt(self, *, forgives: bool = False) -> None:
        """Stop, keeping everything for the next start; returns when it has stopped.

        A failed transfer stays failed unless this `forgives` it.
        """
        self.begin_halt()
        with self._executor.alone:
            self._halting.set()  # it may just have resumed by itself
            self._context.scheduler.leave(self)
            self._stop(Halted(forgives))

    def pause(self) -> None:
        """Halt until `resume`, also after a restart."""
        self._context.store.set_paused(self.record.id, paused=True)
        self.halt(forgives=True)

    def resume(self) -> None:
        """Continue after a pause or a failure; a no-op while it is running."""
        self._context.store.set_paused(self.record.id, paused=False)
        if is_legal(self._state, Started()):
            with self._executor.alone:  # it may still be telling the user why it ended
                pass
            self.start()

    def set_priority(self, priority: int) -> None:
        """Change when it gets its next turn; a running download keeps running."""
        self.storage.set_options(replace(self.storage.options, priority=priority))

    def discard(self) -> None:
        """Stop and forget it; the partial data of an unfinished download is deleted."""
        self.halt()
        self.storage.discard()

    def checkpoint(self) -> None:
        """Record the progress, so that a later start need not hash everything again.

        Also checks the files of shares that nobody downloads at the moment.
        """
        if not self._executor.alone.acquire(blocking=False):
            return
        try:
            if self.torrent is not None:
                self.storage.files.look_at_all()
                self.storage.save_progress(self.torrent)
        except MinitorrentError as error:
            if error.code is not ErrorCode.FILE_CHANGED and not self.storage.files.have_lost:
                raise
            self._fail(error)
        finally:
            self._executor.alone.release()

    def resume_if_space(self) -> None:
        """Resume by itself if it waits for disk space and there is enough now."""
        if not self.waits_for_space:
            return
        with self._executor.alone:
            now = self._context.torrent_context.clock()
            if self.waits_for_space and self._space.is_over(self.path, self.missing, now):
                self.start()

    # --- in the job threads -----------------------------------------------------------------
    def _open(self) -> None:
        if not isinstance(self._state, Queued) or self._halting.is_set() or not self._may_run():
            return
        self._move(TurnTaken())
        try:
            have = self._check()
        except StoppedError:
            return
        if not self._may_run():
            self.storage.files.close()
            self._move(TurnLost())
            self._context.scheduler.join(self)
            return
        if not self.storage.options.in_place:  # in place, overwriting needs no further space
            self._context.disk.require(self.record.name, self.path, self.missing)
        torrent = self._make_torrent(have)
        self._move(Opened(torrent, self.record.complete))
        self._context.announcer.add(self)
        if self.record.complete:
            self._announce_completion(torrent)
        elif torrent.complete:
            self._finish()

    def _may_run(self) -> bool:
        return self.record.complete or self._context.scheduler.has_turn(self)

    def _check(self) -> Bitfield:
        """Open the files and find out which pieces are right; reports pieces lost since."""
        recheck = self._state.recheck if isinstance(self._state, Checking) else Recheck.NO
        was_complete = self.record.complete
        have = self.storage.open(
            self._halting.is_set,
            recheck=recheck is not Recheck.NO,
            asked=recheck is Recheck.ASKED,
        )
        self._verify(have)
        if was_complete and not self.record.complete:
            self._had = self.storage.selection.pieces.count
        lost, self._had = self._had - have.count, 0
        if lost > 0:
            self._context.events.publish(PiecesLost(self.record.group, self.record.name, lost))
        return have

    def _make_torrent(self, have: Bitfield) -> Torrent:
        torrent_context = self._context.torrent_context
        self._group_tls = self._context.credentials.group_tls(
            self.record.group, self.metainfo.authority
        )
        self.started_at = torrent_context.clock()
        return Torrent(
            self.metainfo,
            self.storage.files,
            have,
            self.storage.selection,
            self._group_tls,
            torrent_context,
            self,
            self.throttle,
        )

    def _step_back(self) -> None:
        """Wait for the next turn, unless it is already here."""
        if isinstance(self._state, Downloading) and not (
            self._halting.is_set() or self._context.scheduler.has_turn(self)
        ):
            self._stop(TurnLost())

    def _finish(self) -> None:
        """All pieces are here: give the content its final name and report the end."""
        if not isinstance(self._state, Downloading):
            return
        torrent = self._state.torrent
        self._move(AllHere(hashes=self.storage.files.unproven().count > 0))
        try:
            self.storage.finish(self._halting.is_set)
        except StoppedError:
            return
        self.ended_at = self._context.torrent_context.clock()
        self.fetched, self.sources = torrent.downloaded, torrent.source_count
        self._announce_completion(torrent)
        self._move(Finished())  # who waits for this also waits for the announce
        self._context.scheduler.leave(self)
        self._tell_end()

    def _announce_completion(self, torrent: Torrent) -> None:
        """Announce the completion, unless the tracker knows; an earlier run may have been killed.

        A partial seed never announces completion (BEP 21).
        """
        if self.record.owes_completion and not torrent.left:
            self._context.announcer.completed(self.info_hash)

    def _settle_completion(self) -> None:
        try:
            self.storage.settle_completion()
        except MinitorrentError as error:  # the next run announces it again
            log.warning("completion is not recorded", name=self.record.name, error=error.message)

    def _fail(self, error: MinitorrentError) -> None:
        if isinstance(self._state, Failed):
            return
        if error.code is ErrorCode.DISK_FULL and not self.record.complete:
            self._wait_for_space(error)
            return
        at_work = self.torrent is not None and not self.record.complete
        if error.code in _TOUCHED and at_work and self._check_again():
            return
        log.info("transfer failed", name=self.record.name, error=error.message)
        self._context.scheduler.leave(self)
        # A new error: the traceback's frames of the original would keep files open.
        self._stop(FailedWith(MinitorrentError(error.code, error.message)))
        self._tell_end()

    def _repair(self) -> None:
        """Handle a wrong piece in a file that looks untouched."""
        if not self._check_again():
            self._fail(
                MinitorrentError(
                    ErrorCode.FILE_CHANGED,
                    f"Pieces of {self.record.name!r} went wrong on disk again and again. Check "
                    "the disk, and that no other program writes to it, then recheck.",
                )
            )

    def _check_again(self) -> bool:
        """Stop, and continue with the pieces that are still right; False after too many times."""
        torrent = self.torrent
        if torrent is None or self._halting.is_set():
            return True
        self._upsets += 1
        if self._upsets > MOST_UPSETS:
            return False
        log.info("content is checked again", name=self.record.name)
        self._had = torrent.have().count
        self._stop(ContentTouched())
        self._executor.submit(self._open)
        return True

    def _wait_for_space(self, error: MinitorrentError) -> None:
        """Stop until the full disk has enough space."""
        full = NoSpace(error)
        if self._halting.is_set() or not is_legal(self._state, full):
            return
        self._context.scheduler.leave(self)
        now = self._context.torrent_context.clock()
        self._stop(NoSpace(self._space.begin(error, self.path, self.missing, now)))
        self._tell_end()

    def _tell_end(self) -> None:
        try:
            self._context.events.publish(self.outcome)
        finally:
            self._move(Reported())

    def _stop(self, event: Event[Torrent]) -> None:
        """Stop the torrent, if there is one, because of this event."""
        torrent = self.torrent
        if torrent is not None:
            self._verify(torrent.have())
        self._move(event)
        if torrent is not None:
            self._transferred = torrent.uploaded, torrent.downloaded
            self._context.announcer.remove(self.info_hash)
            torrent.stop()
            self._verify(torrent.have())
            try:
                self.storage.save_progress(torrent)
            except MinitorrentError as error:
                log.warning("progress is not recorded", name=self.record.name, error=error.message)
        self.storage.files.close()
