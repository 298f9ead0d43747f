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

from dataclasses import replace
from typing import Final

import structlog

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
    Rested,
    Started,
    TurnLost,
    TurnTaken,
    is_legal,
)
from client.net.tracker.announced import UnidentifiedPeer
from client.storage.pieces.piece_scan import StoppedError
from client.torrent.torrent import Torrent
from client.torrent.torrent_context import TorrentOwner
from client.transfers.disk_space import SpaceWait
from client.transfers.resting_transfer import RestingTransfer
from client.transfers.transfer_context import TransferContext
from client.transfers.transfer_storage import TransferStorage
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError

log = structlog.get_logger(__name__)


MOST_UPSETS: Final = 5
"""How often a download is checked again in one run because another program changed it."""

_TOUCHED: Final = (ErrorCode.FILE_CHANGED, ErrorCode.FILE_NOT_FOUND)
"""The errors for files that another program has touched."""


class Transfer(RestingTransfer):
    """An upload or a download."""

    def __init__(self, storage: TransferStorage, context: TransferContext) -> None:
        super().__init__(storage, context)
        self._space: SpaceWait | None = None
        self._upsets = 0  # changes by other programs in this run
        self._had = 0  # pieces that were right when the last change was noticed
        self._halting = False

    @property
    def place(self) -> tuple[int, int] | None:
        """Its place in the queue, from 1, and how many wait there; None when it isn't waiting."""
        return self._context.scheduler.place(self)

    def _as_owner(self) -> TorrentOwner[Torrent]:
        return self

    # --- callbacks (Announced, TorrentOwner) ------------------------------------------------
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
        self._halting = False
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
        self._halting = True

    def _is_halting(self) -> bool:
        return self._halting

    def halt(self, *, forgives: bool = False) -> None:
        """Stop, keeping everything for the next start; returns when it has stopped.

        A failed transfer stays failed unless this `forgives` it.
        """
        self.begin_halt()
        with self._executor.alone:
            self._halting = True  # it may just have resumed by itself
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

        Also checks the files of shares that nobody downloads at the moment, and lets them rest
        when nobody has for a while.
        """
        if not self._executor.alone.acquire(blocking=False):
            return
        try:
            torrent = self.torrent
            if torrent is not None:
                self.storage.files.look_at_all()
                self.storage.save_progress(torrent)
                self._rest_if_quiet(torrent)
            else:
                self._check_at_rest()
        except MinitorrentError as error:
            if error.code is not ErrorCode.FILE_CHANGED and not self.storage.files.have_lost:
                raise
            self._fail(error)
        finally:
            self._executor.alone.release()

    def tick(self) -> None:
        """Do what is due a few times a second, while it `is_lively`."""
        torrent = self.torrent
        if torrent is not None:
            torrent.tick()
        else:
            self.resume_if_space()

    def resume_if_space(self) -> None:
        """Resume by itself if it waits for disk space and there is enough now."""
        if not self.waits_for_space:
            return
        with self._executor.alone:
            now, space = self._context.torrent_context.clock(), self._space
            if self.waits_for_space and space and space.is_over(self.path, self.missing, now):
                self.start()

    # --- in the job threads -----------------------------------------------------------------
    def _open(self) -> None:
        if not isinstance(self._state, Queued) or self._halting or not self._may_run():
            return
        self._move(TurnTaken())
        self._transferred = (0, 0)
        if self._may_rest():
            self._move(Rested())
            self._context.announcer.add(self)
            return
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
        self._meet(torrent)
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
            self._is_halting,
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

    def _step_back(self) -> None:
        """Wait for the next turn, unless it is already here."""
        if isinstance(self._state, Downloading) and not (
            self._halting or self._context.scheduler.has_turn(self)
        ):
            self._stop(TurnLost())

    def _finish(self) -> None:
        """All pieces are here: give the content its final name and report the end."""
        if not isinstance(self._state, Downloading):
            return
        torrent = self._state.torrent
        self._move(AllHere(hashes=self.storage.files.unproven().count > 0))
        try:
            self.storage.finish(self._is_halting)
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
        finally:
            self._context.changes.note()

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
        if torrent is None or self._halting:
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
        if self._halting or not is_legal(self._state, full):
            return
        self._context.scheduler.leave(self)
        now = self._context.torrent_context.clock()
        self._space = space = SpaceWait(self._context.disk)
        self._stop(NoSpace(space.begin(error, self.path, self.missing, now)))
        self._tell_end()

    def _tell_end(self) -> None:
        try:
            self._context.events.publish(self.outcome)
        finally:
            self._move(Reported())

    def _stop(self, event: Event[Torrent]) -> None:
        """Stop the torrent, if there is one, because of this event."""
        torrent, is_active, transferred = self.torrent, self.is_active, self.transferred
        if torrent is not None:
            self._verify(torrent.have())
        self._move(event)
        if is_active:
            self._transferred = transferred
            self._context.announcer.remove(self.info_hash)
        if torrent is not None:
            torrent.stop()
            self._verify(torrent.have())
            try:
                self.storage.save_progress(torrent)
            except MinitorrentError as error:
                log.warning("progress is not recorded", name=self.record.name, error=error.message)
        self.storage.close()
