"""The state of a transfer, which can be read at any time without blocking."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from client.core.notices.events import (
    ShareFailed,
    TransferCompleted,
    TransferEvent,
    TransferFailed,
    TransferPaused,
)
from client.core.transfers.transfer_state import (
    Checking,
    Downloading,
    Event,
    Failed,
    Finishing,
    Paused,
    Queued,
    Recheck,
    Resting,
    Seeding,
    State,
    WaitingForSpace,
    after,
    is_legal,
    torrent_of,
)
from client.net.transports.group_tls import GroupTls
from client.results.transfers import TransferState
from client.state.transfers import TransferRecord
from client.torrent.torrent import Torrent
from client.transfers.transfer_context import TransferContext
from client.transfers.transfer_storage import TransferStorage
from common.bitfield import Bitfield
from common.errors import MinitorrentError
from common.metainfo import Metainfo
from common.types import InfoHash

_SHOWN: Final[dict[type[State[Torrent]], TransferState]] = {
    Paused: TransferState.PAUSED,
    WaitingForSpace: TransferState.PAUSED,
    Queued: TransferState.QUEUED,
    Checking: TransferState.CHECKING,
    Downloading: TransferState.DOWNLOADING,
    Finishing: TransferState.DOWNLOADING,
    Seeding: TransferState.SEEDING,
    Resting: TransferState.SEEDING,
    Failed: TransferState.FAILED,
}
"""The states as users see them; a list of very many asks for each."""


class TransferStatus:
    """What a transfer is and how far it has got; set by the transfer itself."""

    def __init__(self, storage: TransferStorage, context: TransferContext) -> None:
        self.storage = storage
        self.started_at = 0.0
        self.ended_at = 0.0
        self.fetched = 0  # payload bytes received in the run that completed it
        self.sources = 0  # peers that sent them
        self._transferred = (0, 0)  # by earlier torrents of this run
        self._context = context
        self._group_tls: GroupTls | None = None
        self._state: State[Torrent] = Paused()
        self._moving = threading.Lock()
        self._verified: Bitfield | None = None  # while there is no torrent
        self._done = 0
        if not storage.record.complete and storage.record.bitfield is not None:
            self._verified = storage.record.verified(storage.selection.pieces)
            self._done = storage.selection.done(self._verified) if self._verified else 0

    def _move(self, event: Event[Torrent]) -> None:
        """Change the state according to an event."""
        with self._moving:
            self._become(after(self._state, event))

    def _move_if_legal(self, event: Event[Torrent]) -> bool:
        """Apply an event unless it can't happen now; returns whether it was applied."""
        with self._moving:
            if not is_legal(self._state, event):
                return False
            self._become(after(self._state, event))
            return True

    def _become(self, state: State[Torrent]) -> None:
        self._state = state
        is_lively = torrent_of(state) is not None or isinstance(state, WaitingForSpace)
        self._context.lively.put(self, is_lively=is_lively)
        self._context.changes.note()

    def tick(self) -> None:
        """Do what is due a few times a second, while it has a torrent or waits for space."""
        raise NotImplementedError

    def wake(self) -> Torrent | None:
        """Return the torrent, which a resting share gets now; None if it isn't active."""
        raise NotImplementedError

    def _verify(self, have: Bitfield) -> None:
        """Remember the verified pieces for as long as there is no torrent."""
        if self.record.complete:
            return  # all of them
        self._verified, self._done = have, self.storage.selection.done(have)

    # --- state ------------------------------------------------------------------------------
    @property
    def record(self) -> TransferRecord:
        """Its database record."""
        return self.storage.record

    @property
    def metainfo(self) -> Metainfo:
        """What is transferred; raises MinitorrentError when it can't be read."""
        return self.storage.metainfo

    @property
    def info_hash(self) -> InfoHash:
        """See Announced."""
        return self.record.info_hash

    @property
    def state(self) -> TransferState:
        """The state as users see it."""
        state = self._state
        if isinstance(state, Finishing) and state.hashes:
            return TransferState.CHECKING
        return _SHOWN[type(state)]

    @property
    def error(self) -> MinitorrentError | None:
        """The reason why it has failed, or waits for space."""
        state = self._state
        return state.error if isinstance(state, Failed | WaitingForSpace) else None

    @property
    def waits_for_space(self) -> bool:
        """Whether the disk is full, and it resumes by itself when there is space."""
        return isinstance(self._state, WaitingForSpace)

    @property
    def torrent(self) -> Torrent | None:
        """The torrent, while it is active."""
        return torrent_of(self._state)

    @property
    def verified(self) -> Bitfield:
        """The verified pieces, as far as known, in every state."""
        torrent = self.torrent
        if torrent is not None:
            return torrent.have()
        if self.record.complete:
            return self.storage.selection.pieces.copy()
        return self._verified or Bitfield(self.metainfo.piece_count)

    @property
    def group_tls(self) -> GroupTls | None:
        """The GroupTls of a sealed group, while the torrent is active."""
        return self._group_tls if self.torrent is not None else None

    @property
    def path(self) -> Path:
        """Where the content is, or will be."""
        return self.record.path

    @property
    def title(self) -> str:
        """`GROUP/NAME`."""
        return f"{self.record.group}/{self.record.name}"

    @property
    def outcome(self) -> TransferEvent:
        """How its last run ended."""
        group, name, error = self.record.group, self.record.name, self.error
        if error is None:
            seconds = self.ended_at - self.started_at
            return TransferCompleted(
                group, name, self.path, self.size, self.fetched, seconds, self.sources
            )
        if self.waits_for_space:
            return TransferPaused(group, name, error.message)
        if self.record.complete:
            return ShareFailed(group, name, error.code, error.message)
        return TransferFailed(group, name, error.code, error.message)

    @property
    def is_idle(self) -> bool:
        """Whether it is seeding without any connection, as most of many shares are."""
        state = self._state
        if isinstance(state, Seeding):
            return not state.torrent.connection_count
        return isinstance(state, Resting)

    @property
    def is_active(self) -> bool:
        """Whether it uses its content: it has a torrent, or would get one at once."""
        return self.torrent is not None or isinstance(self._state, Resting)

    @property
    def is_running(self) -> bool:
        """Whether it is a download that continues, or whose end is not reported yet."""
        match self._state:
            case Queued(recheck) | Checking(recheck):
                return not self.record.complete or (
                    recheck is not Recheck.NO and not self.record.is_upload
                )
            case Downloading() | Finishing():
                return True
            case (
                Seeding(reported=reported)
                | WaitingForSpace(reported=reported)
                | Failed(reported=reported)
            ):
                return not reported
        return False

    @property
    def size(self) -> int:
        """Wanted bytes."""
        return self.storage.length

    @property
    def done(self) -> int:
        """Verified bytes of these, on disk."""
        torrent = self.torrent
        if torrent is None:
            return self.size if self.record.complete else self._done
        return torrent.done

    @property
    def missing(self) -> int:
        """Wanted bytes that are missing."""
        return self.size - self.done

    @property
    def left(self) -> int:
        """See Announced."""
        if isinstance(self._state, Resting):
            return 0
        torrent = self.torrent
        return torrent.left if torrent is not None else self.metainfo.size - self.done

    @property
    def priority(self) -> int:
        """See Queued."""
        return self.storage.options.priority

    @property
    def transferred(self) -> tuple[int, int]:
        """See Announced."""
        torrent, (up, down) = self.torrent, self._transferred
        return (up + torrent.uploaded, down + torrent.downloaded) if torrent else (up, down)

    @property
    def needs_peers(self) -> bool:
        """See Announced, and Queued."""
        torrent = self.torrent
        return torrent is not None and not torrent.complete and not torrent.connection_count
