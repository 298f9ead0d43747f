"""Transfers as the shell sees them, without any data moving."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from client.results.transfers import (
    DownloadRow,
    DownloadsResult,
    PeersResult,
    PieceMap,
    PriorityResult,
    SharesResult,
    TransferResult,
    TransferState,
    WaitResult,
)
from client.services.transfer_list import TransferName, TransferPage, TransferQuery
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.rows import PEER, SHARE
from tests.support.fakes.services.state import FakeState


class FakeTransfers:
    """`client.services.transfers.TransferService` on the rows of the fake session."""

    def __init__(self, state: FakeState) -> None:
        self._state = state

    def downloads(self) -> DownloadsResult:
        self._state.called("show_downloads")
        return DownloadsResult(downloads=self._state.rows)

    def shares(self) -> SharesResult:
        self._state.called("show_shares")
        return SharesResult(shares=[SHARE])

    def all(self) -> DownloadsResult:
        self._state.called("transfers")
        return DownloadsResult(downloads=self._state.rows)

    def page(self, query: TransferQuery) -> TransferPage:
        raise NotImplementedError

    def names(self, query: TransferQuery) -> list[TransferName]:
        self._state.called("transfers")
        return [TransferName(row.group, row.name, row.progress >= 1) for row in self._state.rows]

    def totals(self, group: str | None = None, name: str | None = None) -> tuple[int, int]:
        return sum(row.done for row in self._state.rows), 0

    def unfinished(self, group: str, names: Sequence[str]) -> dict[str, DownloadRow]:
        found = (row for row in self._state.rows if row.group == group)
        return {row.name: row for row in found if row.name in names}

    def pause(self, group: str, name: str) -> TransferResult:
        return self._on_transfer("pause", group, name, TransferState.PAUSED)

    def resume(self, group: str, name: str) -> TransferResult:
        return self._on_transfer("resume", group, name, TransferState.DOWNLOADING)

    def cancel(self, group: str, name: str) -> TransferResult:
        return self._on_transfer("cancel", group, name, TransferState.PAUSED)

    def recheck(self, group: str, name: str) -> TransferResult:
        return self._on_transfer("recheck", group, name, TransferState.CHECKING)

    def _on_transfer(
        self, what: str, group: str, name: str, state: TransferState
    ) -> TransferResult:
        self._state.called(what, group, name)
        return TransferResult(group=group, name=name, state=state)

    def set_priority(self, group: str, name: str, priority: int) -> PriorityResult:
        self._state.called("priority", group, name, priority)
        return PriorityResult(group=group, name=name, priority=priority)

    def peers(self, group: str, name: str) -> PeersResult:
        self._state.called("peers", group, name)
        return PeersResult(peers=[PEER])

    def piece_map(self, group: str, name: str, cells: int) -> PieceMap:
        self._state.called("piece_map", group, name, cells)
        return PieceMap(pieces=4, done=1, here=[1.0, 0.0], elsewhere=[1, 0])

    def wait(
        self, seconds: float | None, cancelled: Callable[[], bool] = lambda: False
    ) -> WaitResult:
        self._state.called("wait", seconds)
        began = time.monotonic()
        while not self._state.waits_for.wait(0.01):
            if cancelled():
                return WaitResult(completed=[], failed=[])
            if seconds is not None and time.monotonic() - began >= seconds:
                raise MinitorrentError(ErrorCode.TIMEOUT, "Downloads still run.")
        return WaitResult(completed=["lab/film.mkv"], failed=self._state.failed)

    def wait_for_own(self, cancelled: Callable[[], bool]) -> WaitResult:
        return self.wait(None, cancelled)
