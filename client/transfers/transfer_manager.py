"""All transfers of the logged-in user, and the ticker that drives them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from client.core.admission.candidates import PeerCandidate
from client.core.transfers.download_options import DownloadOptions
from client.core.transfers.resume import FileStamps
from client.state.transfers import TransferRecord
from client.transfers.active_torrents import ActiveTorrents
from client.transfers.backlog import Backlog
from client.transfers.changes import Changes
from client.transfers.content_index import ContentIndex
from client.transfers.transfer import Transfer
from client.transfers.transfer_context import TransferContext
from client.transfers.transfer_storage import TransferStorage
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash

log = structlog.get_logger(__name__)

HALT_LIMIT: Final = 30.0
"""Seconds that a login waits for the transfers of the login before to stop."""

LOOKED_AT: Final = 1000
"""Transfers without a torrent that one checkpoint looks at, at most."""


class TransferManager:
    """Transfers by group and name; `active` has their torrents. Thread-safe."""

    def __init__(self, context: TransferContext) -> None:
        self._context = context
        self._transfers: dict[tuple[str, str], Transfer] = {}
        self._by_content: ContentIndex[Transfer] = ContentIndex()
        self._leaving: set[Transfer] = set()  # removed, but not halted yet
        self._backlog: Backlog | None = None  # what the login has not loaded yet
        self._changed = threading.Condition()  # guards the four above
        self._taking_up = threading.Lock()  # held while transfers of the backlog are loaded
        self._look_from = 0  # which of those without a torrent a checkpoint looks at next
        self.active = ActiveTorrents(context.lively.all, self.of, self._hash_named)

    @property
    def changes(self) -> Changes:
        """The changes of all transfers."""
        return self._context.changes

    @property
    def owes_completions(self) -> bool:
        """See TransferAnnouncer."""
        return self._context.announcer.owes_completions

    def close(self) -> None:
        """Stop everything, keeping its state."""
        self.empty()

    # --- access -----------------------------------------------------------------------------
    def all(self) -> list[Transfer]:
        """Return the loaded transfers in the order of addition; `waiting` has the others."""
        with self._changed:
            return list(self._transfers.values())

    def waiting(self) -> list[TransferRecord]:
        """Return this user's complete transfers that the login has not loaded yet."""
        return [storage.record for storage in self.with_waiting()[1]]

    def with_waiting(self) -> tuple[list[Transfer], list[TransferStorage]]:
        """Return loaded and waiting transfers; one that is just being loaded appears once."""
        with self._changed:
            backlog = self._backlog
        rest = backlog.rest() if backlog is not None else []
        with self._changed:
            loaded = list(self._transfers.values())
            if backlog is None or self._backlog is not backlog:
                return loaded, []
            waiting = [one for one in rest if self._is_waiting(backlog, one)]
        return loaded, [self._storage(record) for record in waiting]

    def find(self, group: str, name: str) -> Transfer | None:
        """Return the transfer of this name in this group, or None."""
        with self._changed:
            found, backlog = self._transfers.get((group, name)), self._backlog
        if found is not None or backlog is None:
            return found
        with self._taking_up:
            record = self._context.store.find(backlog.user, group, name)
            if record is not None and record.complete:
                self._take_up(record, backlog)
        with self._changed:
            return self._transfers.get((group, name))

    def shared(self, group: str, names: Sequence[str]) -> set[str]:
        """Return those of a group's names under which this user has a complete transfer."""
        with self._changed:
            found = {name: self._transfers.get((group, name)) for name in names}
            backlog = self._backlog
        shared = {name for name, one in found.items() if one is not None and one.record.complete}
        if backlog is None or len(shared) == len(found):
            return shared
        return shared | self._context.store.names_complete(backlog.user, group, names)

    def of(self, info_hash: InfoHash) -> Transfer | None:
        """Return the transfer of this content, or None."""
        with self._changed:
            return self._by_content.find(info_hash)

    def _hash_named(self, name: bytes) -> InfoHash | None:
        with self._changed:
            return self._by_content.hash_named(name)

    def get(self, group: str, name: str) -> Transfer:
        """Like `find`; raises MinitorrentError(no_such_file) when there is none."""
        transfer = self.find(group, name)
        if transfer is None:
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                f"No transfer {name!r} in {group}; list yours with: show_downloads, show_shares",
            )
        return transfer

    # --- loading and removing ---------------------------------------------------------------
    def load(self, user: str, is_own: Callable[[str], bool]) -> int:
        """Load the user's transfers in the state in which they were left.

        Returns how many files are shared again. Only the first of them are loaded when this
        returns; the others follow in the background, or when a command needs them. Transfers of
        groups that the user is no longer in stay stopped. Waits for the transfers of the login
        before to stop.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._leaving, HALT_LIMIT):
                log.warning("transfers of the last login are still stopping")
        store = self._context.store
        unfinished, complete = store.list_unfinished(user), store.count_complete(user)
        named = {record.group for record in unfinished} | {some.group for some in complete}
        groups = {group for group in named if is_own(group)}
        newest = max((some.newest for some in complete), default=0)
        backlog = Backlog(store, user, groups, newest)
        with self._changed:
            self._backlog = backlog
        with self._context.scheduler.held():
            for record in unfinished:
                self._take_up(record, backlog)
        self._advance(backlog)
        return sum(some.number for some in complete if some.group in groups and not some.paused)

    def count_shared(self, user: str, is_own: Callable[[str], bool]) -> int:
        """Return how many files a logged-in user shares: what `load` returned, as of now."""
        complete = self._context.store.count_complete(user)
        groups = {some.group for some in complete if not some.paused}
        own = {group for group in groups if is_own(group)}
        return sum(some.number for some in complete if some.group in own and not some.paused)

    def _advance(self, backlog: Backlog) -> None:
        """Load the next chunk of the backlog, and the rest in the background."""
        try:
            records = backlog.take()
            with self._taking_up:
                for record in records:
                    self._take_up(record, backlog)
            with self._changed:
                if self._backlog is not backlog:
                    return
                if not records:
                    self._backlog = None
                    return
            self._context.jobs.submit(self._advance, backlog)  # after what these have to do
        except MinitorrentError as error:
            log.warning("shares are not loaded", error=error.message)
        except RuntimeError:
            log.debug("closing: shares are not loaded")

    def _take_up(self, record: TransferRecord, backlog: Backlog) -> None:
        """Load one record of the backlog, unless it is loaded already or was discarded."""
        if record.group in backlog.left:
            self._forget(record)
            return
        try:
            transfer = self._make(record)
        except MinitorrentError as error:
            log.error("a transfer can't be read", name=record.name, error=error.message)
            return
        with self._changed:
            if self._backlog is not backlog or not self._is_waiting(backlog, record):
                return
            self._transfers[record.group, record.name] = transfer
            self._by_content.add(transfer)
            is_own = record.group in backlog.groups
        if not is_own:
            transfer.refused(_not_member(record.group))
        elif not record.paused:
            transfer.start()

    def _is_waiting(self, backlog: Backlog, record: TransferRecord) -> bool:
        key = record.group, record.name
        return not (key in self._transfers or key in backlog.settled)

    def _forget(self, record: TransferRecord) -> None:
        self._context.store.remove(record.id)
        self._context.rate_limits.forget(record)

    def add(
        self,
        record: TransferRecord,
        *,
        is_hashed: bool = False,
        listed: Sequence[PeerCandidate] = (),
    ) -> Transfer:
        """Start a new transfer; content that `is_hashed` just now is not hashed again.

        `listed` are peers that the tracker has just listed.
        """
        transfer = self._insert(record)
        transfer.storage.is_hashed = is_hashed
        transfer.expect(listed)
        transfer.start()
        return transfer

    def renew(self, transfer: Transfer, options: DownloadOptions) -> Transfer:
        """Restart a download with other options."""
        transfer.halt()
        self._context.store.reopen(transfer.record.id, options)
        return self._restart(transfer)

    def repair(self, transfer: Transfer, have: Bitfield, stamps: FileStamps) -> Transfer:
        """Restart a halted transfer that was complete, of which only these pieces are right."""
        options = replace(transfer.storage.options, in_place=True)
        self._context.store.reopen_in_place(transfer.record.id, have, stamps, options)
        return self._restart(transfer)

    def relocate(self, transfer: Transfer, path: Path, stamps: FileStamps) -> Transfer:
        """Continue to share content at its new `path`, verified when `stamps` were taken."""
        transfer.halt()
        self._context.store.relocate(transfer.record.id, path, stamps)
        return self._restart(transfer)

    def _restart(self, transfer: Transfer) -> Transfer:
        record = self._context.store.get(transfer.record.id)
        return self.add(record or transfer.record)

    def discard(self, transfer: Transfer) -> None:
        """Stop a transfer and forget it."""
        transfer.discard()
        self._context.rate_limits.forget(transfer.record)
        key = transfer.record.group, transfer.record.name
        with self._changed:
            self._transfers.pop(key, None)
            self._by_content.discard(transfer)
            if self._backlog is not None:
                self._backlog.settled.add(key)

    def leave(self, group: str) -> None:
        """Forget all transfers of a group; finished files stay where they are."""
        with self._changed:
            backlog = self._backlog
            if backlog is not None:
                backlog.left.add(group)
        if backlog is not None:
            for record in self.waiting():
                if record.group == group:
                    self._forget(record)
        for transfer in self.all():
            if transfer.record.group == group:
                self.discard(transfer)

    def refuse(self, group: str) -> None:
        """Stop a group's transfers: the user was removed from it."""
        with self._changed:
            if self._backlog is not None:
                self._backlog.groups.discard(group)
        for transfer in self.all():
            if transfer.record.group == group:
                transfer.refused(_not_member(group))

    def empty(self) -> None:
        """Stop all transfers, keeping their state: the user logs out, or the client closes."""
        self._halt(self._take_all())

    def empty_later(self) -> None:
        """Like `empty`, without waiting; `load` waits."""
        leaving = self._take_all()
        self._context.jobs.submit(lambda: self._halt(leaving))

    def _take_all(self) -> list[Transfer]:
        with self._changed:
            leaving = list(self._transfers.values())
            self._transfers.clear()
            self._by_content.clear()
            self._backlog = None
            self._leaving.update(leaving)
        self._context.scheduler.clear()
        for transfer in leaving:
            transfer.begin_halt()
        return leaving

    def _halt(self, leaving: list[Transfer]) -> None:
        try:
            for transfer in leaving:
                transfer.halt()
        finally:
            with self._changed:
                self._leaving.difference_update(leaving)
                self._changed.notify_all()

    def _make(self, record: TransferRecord) -> Transfer:
        return Transfer(self._storage(record), self._context)

    def _storage(self, record: TransferRecord) -> TransferStorage:
        context = self._context
        return TransferStorage(record, context.store, context.files, context.write_back)

    def _insert(self, record: TransferRecord) -> Transfer:
        transfer = self._make(record)
        key = record.group, record.name
        with self._changed:
            self._transfers[key] = transfer
            self._by_content.add(transfer)
            if self._backlog is not None:
                self._backlog.settled.add(key)
        return transfer

    # --- the ticker (Ticked) ----------------------------------------------------------------
    def tick(self) -> None:
        """See Ticked."""
        for transfer in self._context.lively.all():
            try:
                transfer.tick()
            except Exception:
                log.exception("tick failed", name=transfer.record.name)
        self._context.scheduler.review()

    def checkpoint_later(self) -> None:
        """See Ticked."""
        self._context.jobs.submit(self._checkpoint)

    def _checkpoint(self) -> None:
        for transfer in self._due_for_checkpoint():
            try:
                transfer.checkpoint()
            except MinitorrentError as error:
                log.warning("no checkpoint", name=transfer.record.name, error=error.message)

    def _due_for_checkpoint(self) -> list[Transfer]:
        """Return all transfers that have a torrent, and some others, which take turns.

        So a checkpoint of any number of shares that nobody downloads takes little time.
        """
        with_torrent: list[Transfer] = []
        others: list[Transfer] = []
        for transfer in self.all():
            (others if transfer.torrent is None else with_torrent).append(transfer)
        start = self._look_from % max(1, len(others))
        self._look_from = start + LOOKED_AT
        return with_torrent + (others[start:] + others[:start])[:LOOKED_AT]


def _not_member(group: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.NOT_MEMBER, f"You are no longer a member of {group!r}.")
