"""One file of a group at this client, from its first check on disk until it is given up.

           start                                          all pieces here
 paused ---------> queued --> checking --> downloading ------------------> seeding
    ^                            |   content changed or missing               |
    |                            +---------------> failed <-------------------+
    +------------ halt (from any state), disk full (until there is room) <----+

A download is queued until its turn comes (see engine.turns), and is put back when it loses that.
Checking, finishing and stopping take their time: they run in the engine's job threads, one at a
time for each transfer. What the user asks about is answered from plain attributes meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from client.core.candidates import Candidate
from client.engine.credentials import Credentials
from client.engine.holdings import Holdings
from client.engine.jobs import Jobs
from client.engine.machinery import Machinery
from client.engine.rate_limits import RateLimits
from client.engine.room import RoomWait, require_room
from client.engine.status import TransferState
from client.engine.torrent import Torrent
from client.engine.turns import Turns
from client.net.announcer import Announcer, Stranger
from client.net.seal import Seal
from client.state.transfers import TransferRecord, Transfers
from client.storage.sweep import StoppedError
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all transfers of a client share. `ended` hears of those that completed or failed."""

    machinery: Machinery
    store: Transfers
    announcer: Announcer
    credentials: Credentials
    turns: Turns
    rate_limits: RateLimits
    jobs: Executor
    ended: Callable[[Transfer], None]


class Transfer:
    """An upload or a download."""

    def __init__(self, record: TransferRecord, workshop: Workshop) -> None:
        self.holdings = Holdings(record, workshop.store)
        self.metainfo = self.holdings.metainfo
        self.state = TransferState.PAUSED
        self.error: MinitorrentError | None = None
        self.started_at = 0.0
        self.ended_at = 0.0
        self.fetched = 0  # payload bytes of the run that completed it
        self.sources = 0  # peers that they came from
        self.throttle = workshop.rate_limits.throttle(record)
        self._workshop = workshop
        self._torrent: Torrent | None = None
        self._seal: Seal | None = None
        self._done = 0  # verified bytes, while there is no torrent
        self._recheck = False  # the next check is to hash everything
        self._ending = False  # it has ended; those who wait for it are still to be told how
        self.room = RoomWait()  # while it is on: paused, and `error` tells what is missing
        self._halting = threading.Event()
        self._jobs = Jobs(record.name, workshop.jobs, self._fail)

    def __repr__(self) -> str:
        return f"Transfer({self.record.group}/{self.record.name}, {self.state.value})"

    # --- what there is ----------------------------------------------------------------------
    @property
    def record(self) -> TransferRecord:
        """What the database keeps of it."""
        return self.holdings.record

    @property
    def info_hash(self) -> InfoHash:
        """See Announced."""
        return self.metainfo.info_hash

    @property
    def torrent(self) -> Torrent | None:
        """The torrent at work, while there is one."""
        return self._torrent

    @property
    def seal(self) -> Seal | None:
        """What peers of a sealed group show each other, while there is a torrent."""
        return self._seal if self._torrent is not None else None

    @property
    def path(self) -> Path:
        """Where the content is, or will be."""
        return self.holdings.files.final

    @property
    def title(self) -> str:
        """`GROUP/NAME`."""
        return f"{self.record.group}/{self.record.name}"

    @property
    def is_running(self) -> bool:
        """Whether it is a download that can be expected to go on."""
        running = self.state in (
            TransferState.QUEUED,
            TransferState.CHECKING,
            TransferState.DOWNLOADING,
        )
        return self._ending or (running and not self.record.complete)

    @property
    def size(self) -> int:
        """Bytes that are wanted."""
        return self.holdings.goal.length

    @property
    def done(self) -> int:
        """Verified bytes of them, on the disk."""
        torrent = self._torrent
        if torrent is None:
            return self.size if self.record.complete else self._done
        return torrent.done

    @property
    def missing(self) -> int:
        """Wanted bytes that are still to come."""
        return self.size - self.done

    @property
    def left(self) -> int:
        """See Announced."""
        torrent = self._torrent
        return torrent.left if torrent is not None else self.metainfo.length - self.done

    @property
    def priority(self) -> int:
        """See Queued."""
        return self.holdings.plan.priority

    @property
    def place(self) -> tuple[int, int] | None:
        """Its place in the queue, from 1, and how many wait there; None when it doesn't wait."""
        return self._workshop.turns.place(self)

    @property
    def transferred(self) -> tuple[int, int]:
        """See Announced."""
        torrent = self._torrent
        return (torrent.uploaded, torrent.downloaded) if torrent else (0, 0)

    @property
    def hungry(self) -> bool:
        """See Announced, and Queued."""
        torrent = self._torrent
        return torrent is not None and not torrent.complete and not torrent.connection_count

    # --- what others tell (Announced, TorrentOwner) -----------------------------------------
    def learn(self, candidates: Sequence[Candidate]) -> None:
        """See Announced."""
        if self._torrent is not None:
            self._torrent.learn(candidates)

    def refused(self, error: MinitorrentError) -> None:
        """See Announced."""
        self._jobs.submit(lambda: self._fail(error))

    def identified(self, key: int, user: str | None, *, is_member: bool) -> None:
        """See Announced."""
        if self._torrent is not None:
            self._torrent.identified(key, user, is_member=is_member)

    def on_complete(self, torrent: Torrent) -> None:
        """See TorrentOwner."""
        self._jobs.submit(self._finish, lambda: self._torrent is torrent)

    def on_failed(self, torrent: Torrent, error: MinitorrentError) -> None:
        """See TorrentOwner."""
        self._jobs.submit(lambda: self._fail(error), lambda: self._torrent is torrent)

    def on_stranger(self, stranger: Stranger) -> None:
        """See TorrentOwner."""
        self._workshop.announcer.identify(self.info_hash, stranger)

    # --- what the user wants ----------------------------------------------------------------
    def start(self, *, recheck: bool = False) -> None:
        """Check what is on disk and go on from there; returns at once.

        With `recheck` every piece is hashed again, whatever the record says.
        """
        self.error = None
        self.room.end()
        self.state = TransferState.QUEUED
        self.holdings.checked = 0
        self._recheck = recheck
        self._halting.clear()
        if self.record.complete:
            self._jobs.submit(self._open)
        else:
            self._workshop.turns.join(self)

    def take_turn(self) -> None:
        """See Queued."""
        self._jobs.submit(self._open)

    def lose_turn(self) -> None:
        """See Queued."""
        self._jobs.submit(self._step_back)

    def begin_halt(self) -> None:
        """Have what runs for it end early; for `halt`, which is to follow."""
        self._halting.set()

    def halt(self) -> None:
        """Stop, keeping everything for the next start; returns when it has stopped."""
        self.begin_halt()
        with self._jobs.alone:
            self._halting.set()  # it may just have gone on by itself
            self._workshop.turns.leave(self)
            self._stop()
            if self.room.is_on:
                self.room.end()
                self.error = None
            if self.state is not TransferState.FAILED:
                self.state = TransferState.PAUSED

    def pause(self) -> None:
        """Halt until `resume`, also after a restart."""
        self._workshop.store.set_paused(self.record.id, paused=True)
        self.halt()
        self.state = TransferState.PAUSED

    def resume(self) -> None:
        """Go on after a pause or a failure; nothing happens when it runs."""
        self._workshop.store.set_paused(self.record.id, paused=False)
        if self.state in (TransferState.PAUSED, TransferState.FAILED):
            self.start()

    def set_priority(self, priority: int) -> None:
        """Get the next turn sooner or later; a running download runs on."""
        self.holdings.set_plan(replace(self.holdings.plan, priority=priority))

    def discard(self) -> None:
        """Stop and forget; what is there of an unfinished download is deleted."""
        self.halt()
        self.holdings.discard()

    def checkpoint(self) -> None:
        """Record how far it is, so that a later start need not hash it again.

        Shared files that nobody asks for just now are looked at, too.
        """
        if not self._jobs.alone.acquire(blocking=False):
            return
        try:
            if self._torrent is not None:
                self.holdings.save_progress(self._torrent)
                self.holdings.files.look_at_all()
        except MinitorrentError as error:
            if error.code is not ErrorCode.FILE_CHANGED:
                raise
            self._fail(error)
        finally:
            self._jobs.alone.release()

    def look_for_room(self) -> None:
        """Go on by itself when it waits for room on the disk and there is some."""
        if not self.room.is_on:
            return
        with self._jobs.alone:
            if self.room.is_over(self.path, self.missing, self._workshop.machinery.clock()):
                self.start()

    # --- in the job threads -----------------------------------------------------------------
    def _open(self) -> None:
        if self._torrent is not None or self._halting.is_set():
            return
        if not (self.record.complete or self._workshop.turns.has_turn(self)):
            return
        self.state = TransferState.CHECKING
        try:
            have = self.holdings.open(self._halting.is_set, recheck=self._recheck)
        except StoppedError:
            return
        self._recheck = False
        self._done = self.holdings.goal.done(have)
        require_room(self.record.name, self.path, self.missing)
        self._seal = self._workshop.credentials.seal(self.record.group, self.metainfo.authority)
        machinery = self._workshop.machinery
        torrent = Torrent(
            self.metainfo,
            self.holdings.files,
            have,
            self.holdings.goal,
            self._seal,
            machinery,
            self,
            self.throttle,
        )
        self.started_at = machinery.clock()
        self._torrent = torrent
        if self.record.complete:
            self.state = TransferState.SEEDING
        else:
            self.state = TransferState.DOWNLOADING
            if torrent.complete:
                self._finish()
        self._workshop.announcer.add(self)

    def _step_back(self) -> None:
        """Wait for the next turn, unless it came meanwhile."""
        if self._torrent is None or self._halting.is_set() or self._workshop.turns.has_turn(self):
            return
        self._stop()
        self.state = TransferState.QUEUED

    def _finish(self) -> None:
        """All pieces are here: give the content its name and tell everybody."""
        torrent = self._torrent
        if torrent is None or self.record.complete:
            return
        self._ending = True
        self.holdings.finish()
        self.ended_at = self._workshop.machinery.clock()
        self.fetched, self.sources = torrent.downloaded, torrent.source_count
        self.state = TransferState.SEEDING
        if not torrent.left:  # who has a part never claims to have it all (BEP 21)
            self._workshop.announcer.completed(self.info_hash)
        self._workshop.turns.leave(self)
        self._tell_end()

    def _fail(self, error: MinitorrentError) -> None:
        if self.state is TransferState.FAILED:
            return
        if error.code is ErrorCode.DISK_FULL and not self.record.complete:
            self._wait_for_room(error)
            return
        log.info("transfer failed", name=self.record.name, error=error.message)
        # Not the error itself: the frames of its traceback would keep files open.
        self.error = MinitorrentError(error.code, error.message)
        self.room.end()
        self._ending = True
        self.state = TransferState.FAILED
        self._workshop.turns.leave(self)
        self._stop()
        self._tell_end()

    def _wait_for_room(self, error: MinitorrentError) -> None:
        """The disk is full: stop until there is room."""
        if self._halting.is_set() or self.room.is_on:
            return
        self._ending = True
        self._workshop.turns.leave(self)
        self._stop()
        now = self._workshop.machinery.clock()
        self.error = self.room.begin(error, self.path, self.missing, now)
        self.state = TransferState.PAUSED
        self._tell_end()

    def _tell_end(self) -> None:
        try:
            self._workshop.ended(self)
        finally:
            self._ending = False

    def _stop(self) -> None:
        torrent, self._torrent = self._torrent, None
        if torrent is not None:
            self._workshop.announcer.remove(self.info_hash)
            torrent.stop()
            self._done = torrent.done
            try:
                self.holdings.save_progress(torrent)
            except MinitorrentError as error:
                log.warning("progress is not recorded", name=self.record.name, error=error.message)
        self.holdings.files.close()
