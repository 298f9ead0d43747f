"""All transfers of the user who is logged in, and the clock that drives them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from client.core.plan import Plan
from client.core.resume import FileFacts
from client.engine.torrent import Torrent
from client.engine.transfer import Transfer
from client.engine.workshop import Workshop
from client.net.seal import Seal
from client.net.transport import Transport
from client.state.transfers import TransferRecord
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash
from common.wire.handshake import Handshake

log = structlog.get_logger(__name__)

TICK: Final = 0.25
CHECKPOINT: Final = 30.0
"""Seconds between ticks, and between records of how far the transfers are."""

_REST: Final = 4
"""How many times as long as ticking all transfers took, however many there are, nothing ticks."""

HALT_LIMIT: Final = 30.0
"""Seconds that a login waits for the transfers of the login before to stop."""


class Collection:
    """Transfers by group and name. Each method may be called from any thread."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._transfers: dict[tuple[str, str], Transfer] = {}
        self._leaving: set[Transfer] = set()  # to be halted, by whoever took them out
        self._changed = threading.Condition()  # guards the two above
        self._closing = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="ticker", daemon=True)
        self._ticker.start()

    def close(self) -> None:
        """Stop everything, keeping its state."""
        self._closing.set()
        self._ticker.join(5.0)
        self.empty()

    # --- what there is ----------------------------------------------------------------------
    def all(self) -> list[Transfer]:
        """In the order in which they were added."""
        with self._changed:
            return list(self._transfers.values())

    def torrents(self) -> list[Torrent]:
        """Those of the transfers that are at work."""
        return [t.torrent for t in self.all() if t.torrent is not None]

    def find(self, group: str, name: str) -> Transfer | None:
        """The transfer of this name in this group."""
        with self._changed:
            return self._transfers.get((group, name))

    def of(self, info_hash: InfoHash) -> Transfer | None:
        """The transfer of this content."""
        return next((one for one in self.all() if one.info_hash == info_hash), None)

    def get(self, group: str, name: str) -> Transfer:
        """Like `find`; raises MinitorrentError(no_such_file) when there is none."""
        transfer = self.find(group, name)
        if transfer is None:
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                f"You neither download nor share {name!r} of group {group!r}; show_downloads and "
                "show_shares list what you do.",
            )
        return transfer

    # --- coming and going -------------------------------------------------------------------
    def load(self, user: str, is_own: Callable[[str], bool]) -> int:
        """Take up the user's transfers where they were left.

        Returns how many files are shared again. What belongs to a group that is not the user's own
        any more stays stopped. Transfers of the login before have come to their end by then.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._leaving, HALT_LIMIT):
                log.warning("transfers of the last login are still stopping")
        with self._workshop.turns.held():
            records = self._workshop.store.list_for(user)
            groups = {group for group in {record.group for record in records} if is_own(group)}
            return sum(self._take_up(record, groups) for record in records)

    def _take_up(self, record: TransferRecord, groups: set[str]) -> bool:
        """One of them; returns whether it is a file that is shared again."""
        try:
            transfer = self._insert(record)
        except MinitorrentError as error:
            log.error("a transfer can't be read", name=record.name, error=error.message)
            return False
        if record.group not in groups:
            transfer.refused(_not_member(record.group))
        elif not record.paused:
            transfer.start()
            return record.complete
        return False

    def add(self, record: TransferRecord, *, is_hashed: bool = False) -> Transfer:
        """Begin with a new transfer; what `is_hashed` already just now need not be once more."""
        transfer = self._insert(record)
        transfer.holdings.is_hashed = is_hashed
        transfer.start()
        return transfer

    def renew(self, transfer: Transfer, plan: Plan) -> Transfer:
        """Go on with a download under another plan."""
        transfer.halt()
        self._workshop.store.reopen(transfer.record.id, plan)
        return self._begin_anew(transfer)

    def mend(self, transfer: Transfer, have: Bitfield, facts: FileFacts) -> Transfer:
        """Go on with a halted one that was complete, of which only these pieces are right."""
        plan = replace(transfer.holdings.plan, in_place=True)
        self._workshop.store.reopen_in_place(transfer.record.id, have, facts, plan)
        return self._begin_anew(transfer)

    def relocate(self, transfer: Transfer, path: Path, facts: FileFacts) -> Transfer:
        """Go on sharing content that lies at `path` now, verified when `facts` were taken."""
        transfer.halt()
        self._workshop.store.relocate(transfer.record.id, path, facts)
        return self._begin_anew(transfer)

    def _begin_anew(self, transfer: Transfer) -> Transfer:
        record = self._workshop.store.get(transfer.record.id)
        return self.add(record or transfer.record)

    def discard(self, transfer: Transfer) -> None:
        """Stop a transfer and forget it."""
        transfer.discard()
        self._workshop.rate_limits.forget(transfer.record)
        with self._changed:
            self._transfers.pop((transfer.record.group, transfer.record.name), None)

    def leave(self, group: str) -> None:
        """Forget all transfers of a group; finished files stay where they are."""
        for transfer in self.all():
            if transfer.record.group == group:
                self.discard(transfer)

    def refuse(self, group: str) -> None:
        """The user was removed from a group: its transfers stop."""
        for transfer in self.all():
            if transfer.record.group == group:
                transfer.refused(_not_member(group))

    def empty(self) -> None:
        """Stop all transfers, keeping their state: the user logs out, or the client closes."""
        self._halt(self._take_all())

    def empty_later(self) -> None:
        """Like `empty`, without waiting; `load` does."""
        leaving = self._take_all()
        self._workshop.jobs.submit(lambda: self._halt(leaving))

    def _take_all(self) -> list[Transfer]:
        with self._changed:
            leaving = list(self._transfers.values())
            self._transfers.clear()
            self._leaving.update(leaving)
        self._workshop.turns.clear()
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

    def admit(self, transport: Transport, handshake: Handshake, endpoint: Endpoint) -> bool:
        """A peer dialled us: hand it to the torrent that it asks for."""
        transfer = self._at_work(handshake.info_hash)
        torrent = transfer.torrent if transfer else None
        return torrent is not None and torrent.admit(transport, handshake, endpoint, incoming=True)

    def find_seal(self, info_hash: InfoHash) -> Seal | None:
        """The seal of the group whose torrent this is, if it is at work here and sealed."""
        transfer = self._at_work(info_hash)
        return transfer.seal if transfer else None

    def part_from_unaccepted(self, group: str) -> None:
        """Let go of everybody who is not accepted in the group any more."""
        for transfer in self.all():
            if transfer.record.group == group and transfer.torrent is not None:
                transfer.torrent.part_from_unaccepted()

    def part_from_user(self, group: str, user: str) -> None:
        """Let go of somebody who is no member of the group any more."""
        for transfer in self.all():
            if transfer.record.group == group and transfer.torrent is not None:
                transfer.torrent.part_from_user(user)

    def _at_work(self, info_hash: InfoHash) -> Transfer | None:
        transfer = self.of(info_hash)
        return transfer if transfer is not None and transfer.torrent is not None else None

    def _insert(self, record: TransferRecord) -> Transfer:
        transfer = Transfer(record, self._workshop)
        with self._changed:
            self._transfers[record.group, record.name] = transfer
        return transfer

    # --- the ticker -------------------------------------------------------------------------
    def _tick(self) -> None:
        clock: Callable[[], float] = self._workshop.machinery.clock
        checkpoint_at = clock() + CHECKPOINT
        pause = TICK
        while not self._closing.wait(pause):
            began = clock()
            for transfer in self.all():
                torrent = transfer.torrent
                try:
                    if torrent is None:
                        transfer.look_for_room()
                    else:
                        torrent.tick()
                except Exception:
                    log.exception("tick failed", name=transfer.record.name)
            self._workshop.turns.review()
            pause = max(TICK, _REST * (clock() - began))
            if clock() >= checkpoint_at:
                checkpoint_at = clock() + CHECKPOINT
                self._workshop.jobs.submit(self._checkpoint)

    def _checkpoint(self) -> None:
        for transfer in self.all():
            try:
                transfer.checkpoint()
            except MinitorrentError as error:
                log.warning("no checkpoint", name=transfer.record.name, error=error.message)


def _not_member(group: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.NOT_MEMBER, f"You are no longer a member of {group!r}.")
