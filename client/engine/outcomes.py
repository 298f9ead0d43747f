"""How transfers ended: kept for `wait`, and told to the user."""

from __future__ import annotations

import threading

from client.engine.account import Account
from client.engine.status import WaitResult
from client.engine.transfer import Transfer


class Outcomes:
    """Downloads that completed, failed or found the disk full since somebody last asked."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._completed: list[str] = []
        self._failed: list[str] = []

    def add(self, transfer: Transfer) -> None:
        """A transfer has completed or failed."""
        record = transfer.record
        with self._lock:
            if not record.complete:
                self._failed.append(transfer.title)
            elif not record.is_upload and transfer.error is None:
                self._completed.append(transfer.title)
        kind, text = _told(transfer)
        self._account.tell(kind, text, record.group)

    def take(self) -> WaitResult:
        """What ended since the last call."""
        with self._lock:
            result = WaitResult(completed=self._completed, failed=self._failed)
            self._completed, self._failed = [], []
        return result


def _told(transfer: Transfer) -> tuple[str, str]:
    if transfer.error is not None:
        kind = "share_failed" if transfer.record.complete else "download_failed"
        if transfer.room.is_on:
            kind = "download_paused"
        return kind, f"{transfer.title} has stopped: {transfer.error.message}"
    seconds = max(transfer.ended_at - transfer.started_at, 0.001)
    peers = "1 peer" if transfer.sources == 1 else f"{transfer.sources} peers"
    mean = transfer.fetched / seconds
    return (
        "download_completed",
        f"{transfer.title} is complete: {_bytes(transfer.size)} in {seconds:.1f} s, "
        f"{_bytes(mean)}/s from {peers}, at {transfer.path}",
    )


def _bytes(count: float) -> str:
    """A size for a sentence, such as `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
