"""This client's transfers: downloads and shares."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from client.caller import current_caller, note_download
from client.core.notices.events import (
    TransferCompleted,
    TransferEvent,
    TransferFailed,
    TransferPaused,
)
from client.core.notices.notice_kinds import NoticeKind
from client.event_bus import EventBus
from client.membership.account import Account
from client.notices import Notices
from client.results.transfers import (
    DownloadRow,
    DownloadsResult,
    PeersResult,
    PieceMap,
    PriorityResult,
    SharesResult,
    TransferResult,
    WaitResult,
)
from client.services.transfer_list import (
    TransferName,
    TransferPage,
    TransferQuery,
    list_names,
    list_page,
)
from client.services.views import download_row, downloads, peer_rows, pieces, shares, totals
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from common.errors import ErrorCode, MinitorrentError

_LOOK_EVERY = 0.1
"""Seconds between two looks at the transfers, and at whether the wait is cancelled."""

_LONGEST_ANNOUNCE = 10.0
"""Seconds that a tracker has to learn what is complete."""


_MOST_ENDED = 100_000
"""Ended downloads that are remembered, the newest."""


class Completions:
    """Downloads that completed, failed or found the disk full."""

    def __init__(self, events: EventBus) -> None:
        self._lock = threading.Lock()
        self._taken = 0.0
        self._ended: dict[tuple[str, str], tuple[float, bool]] = {}  # when, whether it completed
        for kind in (TransferCompleted, TransferFailed, TransferPaused):
            events.subscribe(kind, self._add)

    def _add(self, event: TransferEvent) -> None:
        """Record the end of a download; if it both completed and failed, the last event counts."""
        key = (event.group, event.name)
        with self._lock:
            self._ended.pop(key, None)
            self._ended[key] = (time.monotonic(), isinstance(event, TransferCompleted))
            if len(self._ended) > _MOST_ENDED:
                del self._ended[next(iter(self._ended))]

    def take(self) -> WaitResult:
        """Return what ended since the last call for the same caller."""
        caller = current_caller()
        with self._lock:
            now = time.monotonic()
            if caller is None:
                since, self._taken = self._taken, now
            else:
                since, caller.waited = caller.waited, now
            return self._since(since)

    def own(self) -> WaitResult:
        """Return which downloads of this caller have ended since it came."""
        caller = current_caller()
        if caller is None:
            return self.take()
        with self._lock:
            return self._since(caller.arrived, caller.has_started)

    def _since(
        self, moment: float, counts: Callable[[str, str], bool] = lambda _group, _name: True
    ) -> WaitResult:
        ended = [
            (f"{group}/{name}", complete)
            for (group, name), (at, complete) in self._ended.items()
            if at > moment and counts(group, name)
        ]
        return WaitResult(
            completed=[title for title, complete in ended if complete],
            failed=[title for title, complete in ended if not complete],
        )


class TransferService:
    """The transfers of a session; see Session for the rules of all its methods.

    All methods but `wait` raise MinitorrentError(not_logged_in), and those on one transfer
    no_such_file. A wait without a time limit continues for `patience` seconds while there is no
    peer to download from.
    """

    def __init__(
        self,
        account: Account,
        notices: Notices,
        transfers: TransferManager,
        completions: Completions,
        patience: float,
    ) -> None:
        self._account = account
        self._notices = notices
        self._transfers = transfers
        self._completions = completions
        self._patience = patience

    def downloads(self) -> DownloadsResult:
        """Return all downloads, including complete ones."""
        self._account.require()
        return downloads(*self._transfers.with_waiting())

    def shares(self) -> SharesResult:
        """Return what this user shares from this client."""
        self._account.require()
        return shares(*self._transfers.with_waiting())

    def all(self) -> DownloadsResult:
        """Return all downloads and uploads, as rows of downloads."""
        self._account.require()
        return downloads(self._transfers.all(), (), uploads=True)

    def page(self, query: TransferQuery) -> TransferPage:
        """Return the first of the downloads and shares that a query asks for."""
        self._account.require()
        return list_page(self._transfers.all(), query)

    def names(self, query: TransferQuery) -> list[TransferName]:
        """Return the names of all downloads and shares that a query asks for."""
        self._account.require()
        return list_names(self._transfers.all(), query)

    def totals(self, group: str | None = None, name: str | None = None) -> tuple[int, int]:
        """Return the bytes downloaded and uploaded in all runs, by one transfer or by all."""
        self._account.require()
        if group is not None and name is not None:
            return totals([self._get(group, name)])
        return totals(self._transfers.all())

    def unfinished(self, group: str, names: Sequence[str]) -> dict[str, DownloadRow]:
        """Return this user's incomplete downloads of a group's files, by name."""
        self._account.require()
        wanted = set(names)
        return {
            one.record.name: download_row(one)
            for one in self._transfers.all()
            if one.record.group == group and not one.record.complete and one.record.name in wanted
        }

    def pause(self, group: str, name: str) -> TransferResult:
        """Stop a transfer until `resume`, also after a restart."""
        transfer = self._get(group, name)
        transfer.pause()
        return _result(transfer)

    def resume(self, group: str, name: str) -> TransferResult:
        """Continue a paused or failed transfer."""
        transfer = self._get(group, name)
        transfer.resume()
        note_download(group, name)
        return _result(transfer)

    def cancel(self, group: str, name: str) -> TransferResult:
        """Cancel a download and delete its partial data."""
        transfer = self._get(group, name)
        if transfer.record.complete:
            raise MinitorrentError(
                ErrorCode.USAGE, f"{name!r} is complete; stop_share ends sharing it."
            )
        self._transfers.discard(transfer)
        if transfer.storage.options.in_place:
            self._notices.publish(
                NoticeKind.WARNING, f"{str(transfer.path)!r} is kept as it is now."
            )
        return _result(transfer)

    def recheck(self, group: str, name: str) -> TransferResult:
        """Hash all data on disk again; wrong pieces of a download are downloaded again."""
        transfer = self._get(group, name)
        transfer.halt()
        transfer.start(recheck=True)
        return _result(transfer)

    def set_priority(self, group: str, name: str, priority: int) -> PriorityResult:
        """Set a download's priority; higher ones run first (see DownloadOptions)."""
        transfer = self._get(group, name)
        transfer.set_priority(priority)
        return PriorityResult(group=group, name=name, priority=priority)

    def peers(self, group: str, name: str) -> PeersResult:
        """Return the connected peers of a transfer."""
        return PeersResult(peers=peer_rows(self._get(group, name)))

    def piece_map(self, group: str, name: str, cells: int) -> PieceMap:
        """Return where a transfer's pieces are, in at most `cells` runs."""
        return pieces(self._get(group, name), cells)

    def wait(
        self, seconds: float | None, cancelled: Callable[[], bool] = lambda: False
    ) -> WaitResult:
        """Wait until no download runs any more; returns what ended since the last wait.

        The tracker then knows of completed ones, too, unless it doesn't answer: a client that ends
        at once has done all it should.

        Calls `cancelled` several times a second and returns early when it returns True. Raises
        MinitorrentError: timeout after `seconds`; no_peers when, without a time limit, there was
        no peer to download from for too long.
        """
        self._wait(seconds, cancelled, self._running)
        return self._completions.take()

    def wait_for_own(self, cancelled: Callable[[], bool]) -> WaitResult:
        """Wait like `wait`, without a time limit, for the downloads that this caller started.

        Returns what became of them. Without a caller, that is every download.
        """
        self._wait(None, cancelled, self._own_running)
        return self._completions.own()

    def _wait(
        self,
        seconds: float | None,
        cancelled: Callable[[], bool],
        find_running: Callable[[], list[Transfer]],
    ) -> None:
        started = met = time.monotonic()
        changes = self._transfers.changes
        seen = changes.count
        while (running := find_running()) and not cancelled():
            now = time.monotonic()
            if not all(transfer.needs_peers for transfer in running):
                met = now
            if seconds is not None and now - started >= seconds:
                raise MinitorrentError(
                    ErrorCode.TIMEOUT, "Downloads are still running and continue."
                )
            if seconds is None and now - met >= self._patience:
                raise MinitorrentError(
                    ErrorCode.NO_PEERS,
                    "No peer with the missing pieces is online. The downloads continue while "
                    "this client runs, as soon as there is one.",
                )
            changes.wait(seen, _LOOK_EVERY)
            seen = changes.count
        known_by = time.monotonic() + _LONGEST_ANNOUNCE
        while self._transfers.owes_completions and not cancelled():
            if time.monotonic() > known_by:
                return
            changes.wait(seen, _LOOK_EVERY)
            seen = changes.count

    def _running(self) -> list[Transfer]:
        return [transfer for transfer in self._transfers.all() if transfer.is_running]

    def _own_running(self) -> list[Transfer]:
        caller, running = current_caller(), self._running()
        if caller is None:
            return running
        return [one for one in running if caller.has_started(one.record.group, one.record.name)]

    def _get(self, group: str, name: str) -> Transfer:
        self._account.require()
        return self._transfers.get(group, name)


def _result(transfer: Transfer) -> TransferResult:
    return TransferResult(
        group=transfer.record.group, name=transfer.record.name, state=transfer.state
    )
