"""One file of a group at this client, from its first check on disk until it is given up.

           start                                          all pieces here
 paused ---------> queued --> checking --> downloading ------------------> seeding
    ^                            |   content changed or missing, disk full    |
    |                            +---------------> failed <-------------------+
    +--------------------------- halt (from any state) <----------------------+

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
from client.engine.machinery import Machinery
from client.engine.peer_row import peer_row
from client.engine.status import DownloadRow, PeerRow, ShareRow, TransferState
from client.engine.torrent import Torrent
from client.net.announcer import Announcer, Stranger
from client.net.seal import Seal
from client.state.transfers import TransferRecord, Transfers
from client.storage.files import TorrentFiles
from client.storage.recheck import is_already_there, verify
from client.storage.sweep import StoppedError
from common import metainfo
from common.bitfield import Bitfield
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
    jobs: Executor
    ended: Callable[[Transfer], None]


class Transfer:
    """An upload or a download; `record` is what the database keeps of it."""

    def __init__(self, record: TransferRecord, workshop: Workshop) -> None:
        self.record = record
        self.metainfo = metainfo.parse(record.metainfo)
        self.state = TransferState.PAUSED
        self.error: MinitorrentError | None = None
        self.started_at = 0.0
        self.ended_at = 0.0
        self.fetched = 0  # payload bytes of the run that completed it
        self.sources = 0  # peers that they came from
        self._workshop = workshop
        self._files = TorrentFiles(self.metainfo, record.path)
        self._torrent: Torrent | None = None
        self._seal: Seal | None = None
        self._checked = 0  # bytes gone over while checking
        self._done = 0  # verified bytes, while there is no torrent
        self._counted = (0, 0)  # payload up and down that the record has already
        self._ending = False  # it has ended; those who wait for it are still to be told how
        self._halting = threading.Event()
        self._life = threading.Lock()  # one check, finish, stop at a time

    def __repr__(self) -> str:
        return f"Transfer({self.record.group}/{self.record.name}, {self.state.value})"

    # --- what there is ----------------------------------------------------------------------
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
        return self._files.final

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
    def done(self) -> int:
        """Verified bytes on the disk."""
        torrent = self._torrent
        if torrent is None:
            return self.metainfo.length if self.record.complete else self._done
        return torrent.done

    @property
    def left(self) -> int:
        """See Announced."""
        return self.metainfo.length - self.done

    @property
    def transferred(self) -> tuple[int, int]:
        """See Announced."""
        torrent = self._torrent
        return (torrent.uploaded, torrent.downloaded) if torrent else (0, 0)

    @property
    def hungry(self) -> bool:
        """See Announced."""
        torrent = self._torrent
        return torrent is not None and not torrent.complete and not torrent.connection_count

    def download_row(self) -> DownloadRow:
        """This transfer as `show_downloads` has it."""
        torrent = self._torrent
        down, up = torrent.rates() if torrent else (0.0, 0.0)
        size, done = self.metainfo.length, self.done
        shown = self._checked if self.state is TransferState.CHECKING else done
        running = self.state is TransferState.DOWNLOADING
        return DownloadRow(
            group=self.record.group,
            name=self.record.name,
            state=self.state,
            progress=shown / size if size else float(self.record.complete),
            done=done,
            size=size,
            down_rate=down,
            up_rate=up,
            peers=torrent.connection_count if torrent else 0,
            eta=(size - done) / down if running and down > 0 else None,
            error=self.error.message if self.error else None,
        )

    def peer_rows(self) -> list[PeerRow]:
        """Its peers as `peers` has them."""
        torrent = self._torrent
        return [peer_row(*peer) for peer in torrent.peers()] if torrent else []

    def share_row(self) -> ShareRow:
        """This transfer as `show_shares` has it."""
        torrent = self._torrent
        return ShareRow(
            group=self.record.group,
            name=self.record.name,
            path=str(self.path),
            size=self.metainfo.length,
            uploaded=self.record.uploaded + self.transferred[0] - self._counted[0],
            peers=torrent.connection_count if torrent else 0,
        )

    # --- what others tell (Announced, TorrentOwner) -----------------------------------------
    def learn(self, candidates: Sequence[Candidate]) -> None:
        """See Announced."""
        if self._torrent is not None:
            self._torrent.learn(candidates)

    def refused(self, error: MinitorrentError) -> None:
        """See Announced."""
        self._run(lambda: self._fail(error))

    def identified(self, key: int, user: str | None, *, is_member: bool) -> None:
        """See Announced."""
        if self._torrent is not None:
            self._torrent.identified(key, user, is_member=is_member)

    def on_complete(self) -> None:
        """See TorrentOwner."""
        self._run(self._finish)

    def on_failed(self, error: MinitorrentError) -> None:
        """See TorrentOwner."""
        self._run(lambda: self._fail(error))

    def on_stranger(self, stranger: Stranger) -> None:
        """See TorrentOwner."""
        self._workshop.announcer.identify(self.info_hash, stranger)

    # --- what the user wants ----------------------------------------------------------------
    def start(self, *, recheck: bool = False) -> None:
        """Check what is on disk and go on from there; returns at once.

        With `recheck` every piece is hashed again, whatever the record says.
        """
        self.error = None
        self.state = TransferState.QUEUED
        self._checked = 0
        self._halting.clear()
        self._run(lambda: self._open(recheck=recheck))

    def halt(self) -> None:
        """Stop, keeping everything for the next start; returns when it has stopped."""
        self._halting.set()
        with self._life:
            self._stop()
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

    def discard(self) -> None:
        """Stop and forget; what is there of an unfinished download is deleted."""
        self.halt()
        if not self.record.complete:
            self._files.discard()
        self._workshop.store.remove(self.record.id)

    def checkpoint(self) -> None:
        """Record how far it is, so that a later start need not hash it again."""
        if not self._life.acquire(blocking=False):
            return
        try:
            if self._torrent is not None:
                self._record_progress(self._torrent)
        finally:
            self._life.release()

    # --- in the job threads -----------------------------------------------------------------
    def _run(self, job: Callable[[], None]) -> None:
        """Have a job thread do it, while nothing else is done with this transfer."""

        def guarded() -> None:
            with self._life:
                try:
                    job()
                except MinitorrentError as error:
                    self._fail(error)
                except Exception as error:
                    log.exception("transfer failed", name=self.record.name)
                    self._fail(MinitorrentError(ErrorCode.INTERNAL, f"Unexpected: {error}."))

        try:
            self._workshop.jobs.submit(guarded)
        except RuntimeError:
            log.debug("closing: a job is left undone", name=self.record.name)

    def _open(self, *, recheck: bool) -> None:
        if self._torrent is not None or self._halting.is_set():
            return
        self.state = TransferState.CHECKING
        try:
            have = self._check(recheck=recheck)
        except StoppedError:
            return
        self._seal = self._workshop.credentials.seal(self.record.group, self.metainfo.authority)
        torrent = Torrent(
            self.metainfo, self._files, have, self._seal, self._workshop.machinery, self
        )
        self.started_at = self._workshop.machinery.clock()
        self._counted = (0, 0)
        self._torrent = torrent
        if self.record.complete:
            self.state = TransferState.SEEDING
        else:
            self.state = TransferState.DOWNLOADING
            if torrent.complete:
                self._finish()
        self._workshop.announcer.add(self)

    def _check(self, *, recheck: bool) -> Bitfield:
        """Open the files and find out which pieces are there."""
        record, files = self.record, self._files
        count = self.metainfo.piece_count
        if record.complete:
            files.open_complete()
            believed = None if recheck else record.believed_pieces(files.facts(), count)
            if believed is not None:
                return believed
            have = self._verify()
            if not (have.complete and files.sizes_are_right()):
                raise MinitorrentError(
                    ErrorCode.FILE_CHANGED,
                    f"{files.final} is no longer what was shared; put it back and recheck, or "
                    "stop_share and share it anew.",
                )
            self._workshop.store.mark_complete(record.id, files.facts())
            return have
        known = files.has_partial
        if not known and is_already_there(files, self._show_checked, self._halting.is_set):
            return Bitfield.full(count)  # killed after it got its name, before that was recorded
        files.open_partial()
        if not known:
            return Bitfield(count)
        believed = None if recheck else record.believed_pieces(files.facts(), count)
        return believed if believed is not None else self._verify()

    def _verify(self) -> Bitfield:
        return verify(self._files, self.metainfo, self._show_checked, self._halting.is_set)

    def _show_checked(self, done: int, _: int) -> None:
        self._checked = done

    def _finish(self) -> None:
        """All pieces are here: give the content its name and tell everybody."""
        torrent = self._torrent
        if torrent is None or self.record.complete:
            return
        if self._files.has_partial:
            self._files.finish()
        self._workshop.store.mark_complete(self.record.id, self._files.facts())
        self._ending = True
        self.record = replace(self.record, complete=True)
        self.ended_at = self._workshop.machinery.clock()
        self.fetched, self.sources = torrent.downloaded, torrent.source_count
        self.state = TransferState.SEEDING
        self._workshop.announcer.completed(self.info_hash)
        self._tell_end()

    def _fail(self, error: MinitorrentError) -> None:
        if self.state is TransferState.FAILED:
            return
        log.info("transfer failed", name=self.record.name, error=error.message)
        self.error = error
        self._ending = True
        self.state = TransferState.FAILED
        self._stop()
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
                self._record_progress(torrent)
            except MinitorrentError as error:
                log.warning("progress is not recorded", name=self.record.name, error=error.message)
        self._files.close()

    def _record_progress(self, torrent: Torrent) -> None:
        """Data first, record second: what the record claims is on the disk.

        The facts are taken first of all: a piece written after that makes them differ from what
        a later start finds, so that it looks for that piece.
        """
        store, record = self._workshop.store, self.record
        uploaded, downloaded = torrent.uploaded, torrent.downloaded
        store.add_totals(record.id, uploaded - self._counted[0], downloaded - self._counted[1])
        self._counted = (uploaded, downloaded)
        if not record.complete:
            facts, have = self._files.facts(), torrent.have()
            self._files.sync()
            store.update_progress(record.id, have, facts)
