"""How transfers ended: kept for `wait`, and told to the user."""

from __future__ import annotations

import threading

from client.core.notices import NoticeKind
from client.engine.account import Account
from client.engine.results import WaitResult
from client.engine.transfer import Transfer
from common.text import count, duration, rate, size


class Completions:
    """Downloads that completed, failed or found the disk full since somebody last asked."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._ended: dict[str, bool] = {}  # title -> whether it completed

    def add(self, transfer: Transfer) -> None:
        """A transfer has completed or failed. Of a download that did both, the last one counts."""
        record = transfer.record
        with self._lock:
            if not (record.complete and (record.is_upload or transfer.error is not None)):
                self._ended.pop(transfer.title, None)
                self._ended[transfer.title] = record.complete
        kind, text = _told(transfer)
        self._account.tell(kind, text, record.group)

    def damaged(self, transfer: Transfer, lost: int) -> None:
        """So many pieces of a download were wrong on the disk, and are fetched again."""
        pieces = "1 piece of it was" if lost == 1 else f"{lost:,} pieces of it were"
        self._account.tell(
            NoticeKind.WARNING,
            f"{transfer.title} has changed on the disk: {pieces} wrong or missing there and "
            "will be fetched again.",
            transfer.record.group,
        )

    def take(self) -> WaitResult:
        """What ended since the last call."""
        with self._lock:
            ended, self._ended = self._ended, {}
        return WaitResult(
            completed=[title for title, complete in ended.items() if complete],
            failed=[title for title, complete in ended.items() if not complete],
        )


def _told(transfer: Transfer) -> tuple[NoticeKind, str]:
    if transfer.error is not None:
        kind = NoticeKind.DOWNLOAD_FAILED
        if transfer.waits_for_space:
            kind = NoticeKind.DOWNLOAD_PAUSED
        elif transfer.record.complete:
            kind = NoticeKind.SHARE_FAILED
        return kind, f"{transfer.title} has stopped: {transfer.error.message}"
    return NoticeKind.DOWNLOAD_COMPLETED, f"{transfer.title} is complete: {_achieved(transfer)}"


def _achieved(transfer: Transfer) -> str:
    """Size, time and rate of the run that completed it, whose part may be small, and where it is.

    What was there before that run, or came of it twice, is not what its rate was made with.
    """
    seconds = max(transfer.ended_at - transfer.started_at, 0.001)
    took = f"{seconds:.1f} s" if seconds < 60 else duration(seconds)
    peers, speed = count(transfer.sources, "peer"), rate(transfer.fetched / seconds)
    whole = size(transfer.size)
    if transfer.size and not transfer.fetched:
        return f"{whole}, all of which was here, at {transfer.path}"
    if transfer.fetched < transfer.size:
        part = f"of which {size(transfer.fetched)} in {took} ({speed})"
        return f"{whole}, {part} from {peers}, at {transfer.path}"
    return f"{whole} in {took}, {speed} from {peers}, at {transfer.path}"
