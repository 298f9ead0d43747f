"""How downloads ended, kept for `wait`."""

from __future__ import annotations

import threading

from client.core.notices.events import (
    TransferCompleted,
    TransferEvent,
    TransferFailed,
    TransferPaused,
)
from client.event_bus import EventBus
from client.results import WaitResult


class Completions:
    """Downloads that completed, failed or found the disk full since the last `take`."""

    def __init__(self, events: EventBus) -> None:
        self._lock = threading.Lock()
        self._ended: dict[str, bool] = {}  # title -> whether it completed
        for kind in (TransferCompleted, TransferFailed, TransferPaused):
            events.subscribe(kind, self._add)

    def _add(self, event: TransferEvent) -> None:
        """Record the end of a download; if it both completed and failed, the last event counts."""
        with self._lock:
            self._ended.pop(event.title, None)
            self._ended[event.title] = isinstance(event, TransferCompleted)

    def take(self) -> WaitResult:
        """Return what ended since the last call."""
        with self._lock:
            ended, self._ended = self._ended, {}
        return WaitResult(
            completed=[title for title, complete in ended.items() if complete],
            failed=[title for title, complete in ended.items() if not complete],
        )
