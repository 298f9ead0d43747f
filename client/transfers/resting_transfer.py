"""A transfer that rests while nobody downloads it.

Most of very many shares are idle. Such a share has neither a torrent nor open files nor a parsed
metainfo, and needs no time but for its announces and a look at its file at every checkpoint. A
connection, or a peer to dial, wakes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from client.core.admission.candidates import PeerCandidate
from client.core.bandwidth.throttle import Throttle
from client.core.transfers.transfer_state import Checking, Opened, Recheck, Rested, Resting
from client.storage.files.change_detector import changed_error
from client.torrent.torrent import Torrent
from client.torrent.torrent_context import TorrentOwner
from client.transfers.serial_executor import SerialExecutor
from client.transfers.transfer_context import TransferContext
from client.transfers.transfer_status import TransferStatus
from client.transfers.transfer_storage import TransferStorage
from common.bitfield import Bitfield
from common.errors import MinitorrentError

QUIET_CHECKPOINTS: Final = 10
"""A share rests when nobody was connected at so many checkpoints, which takes minutes."""

EXPECTED_FOR: Final = 5.0
"""Seconds for which a list of peers is used; later, the answer to an announce is as quick."""


class RestingTransfer(TransferStatus):
    """What of a transfer can rest."""

    def __init__(self, storage: TransferStorage, context: TransferContext) -> None:
        super().__init__(storage, context)
        self._quiet = 0  # checkpoints since anybody was connected
        self._listed: tuple[float, Sequence[PeerCandidate]] = (0.0, ())
        self._executor = SerialExecutor(storage.record.name, context.jobs, self._fail)

    def _as_owner(self) -> TorrentOwner[Torrent]:
        """Return what gets the torrent's callbacks."""
        raise NotImplementedError

    def _fail(self, error: MinitorrentError) -> None:
        """Stop because of an error."""
        raise NotImplementedError

    @property
    def throttle(self) -> Throttle:
        """Its rate limits."""
        return self._context.rate_limits.throttle(self.record)

    def learn(self, candidates: Sequence[PeerCandidate]) -> None:
        """See Announced."""
        torrent = self.torrent  # another thread may stop it
        if torrent is not None:
            torrent.learn(candidates)
        elif candidates and self.is_active:
            self._executor.submit(lambda: self._learn_awake(candidates))

    def expect(self, listed: Sequence[PeerCandidate]) -> None:
        """Take peers that the tracker has just listed, to be dialled as soon as it has a torrent.

        So they need not be waited for until it is announced.
        """
        self._listed = self._context.torrent_context.clock(), listed

    def _meet(self, torrent: Torrent) -> None:
        """Have the peers dialled that were expected a moment ago."""
        (at, listed), self._listed = self._listed, (0.0, ())
        if listed and self._context.torrent_context.clock() - at < EXPECTED_FOR:
            torrent.learn(listed)

    def wake(self) -> Torrent | None:
        """Return the torrent, which a resting share gets now; None if it isn't active."""
        if isinstance(self._state, Resting):
            with self._executor.alone:
                self._wake()
        return self.torrent

    def _wake(self) -> None:
        if not isinstance(self._state, Resting):
            return
        try:
            self._move(Opened(self._make_torrent(self.storage.wake()), complete=True))
        except MinitorrentError as error:
            self._fail(error)

    def _learn_awake(self, candidates: Sequence[PeerCandidate]) -> None:
        self._wake()
        torrent = self.torrent
        if torrent is not None:
            torrent.learn(candidates)

    def _rest_if_quiet(self, torrent: Torrent) -> None:
        """Let a share rest that was idle at the last checkpoints."""
        is_quiet = self.is_idle and torrent.is_idle and self.storage.may_rest
        self._quiet = self._quiet + 1 if is_quiet else 0
        if self._quiet >= QUIET_CHECKPOINTS:
            self._quiet = 0
            self._transferred = self.transferred
            self._move(Rested())
            if self.torrent is None:
                torrent.stop()
                self.storage.forget()

    def _check_at_rest(self) -> None:
        """Fail if another program has changed the file."""
        if isinstance(self._state, Resting) and not self.storage.is_unchanged():
            self._fail(changed_error(self.path))

    def _may_rest(self) -> bool:
        """Return whether nothing has to be done before it can be announced.

        The first share of a group is opened at once, which gets us the group's certificate.
        """
        return (
            self._state == Checking(Recheck.NO)
            and self.storage.may_rest
            and not (self.storage.is_hashed or self.record.owes_completion)
            and self._context.credentials.knows(self.record.group)
            and self.storage.is_unchanged()
        )

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
            self._as_owner(),
            self.throttle,
        )
