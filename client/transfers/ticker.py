"""The thread that drives all transfers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from client.config import Timing

log = structlog.get_logger(__name__)

_REST: Final = 4
"""The pause after a tick of all transfers is at least this many times as long as the tick."""


class Ticked(Protocol):
    """What a Ticker drives."""

    def tick(self) -> None:
        """Do the periodic work of all transfers."""

    def checkpoint_later(self) -> None:
        """Record the progress of all transfers; returns at once."""


class Ticker:
    """Ticks in a thread, and has the progress recorded now and then, as `timing` says."""

    def __init__(self, transfers: Ticked, clock: Callable[[], float], timing: Timing) -> None:
        self._transfers = transfers
        self._clock = clock
        self._timing = timing
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop ticking."""
        self._closing.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        checkpoint_at = self._clock() + self._timing.checkpoint_every
        pause = self._timing.tick_every
        while not self._closing.wait(pause):
            began = self._clock()
            try:
                self._transfers.tick()
            except Exception:
                log.exception("tick failed")
            pause = max(self._timing.tick_every, _REST * (self._clock() - began))
            if self._clock() >= checkpoint_at:
                checkpoint_at = self._clock() + self._timing.checkpoint_every
                self._transfers.checkpoint_later()
