"""The thread that drives all transfers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol

import structlog

log = structlog.get_logger(__name__)

TICK: Final = 0.25
"""Seconds between ticks."""

_REST: Final = 4
"""The pause after a tick of all transfers is at least this many times as long as the tick."""


class Ticked(Protocol):
    """What a Ticker drives."""

    def tick(self) -> None:
        """Do the periodic work of all transfers."""

    def checkpoint_later(self) -> None:
        """Record the progress of all transfers; returns at once."""


class Ticker:
    """Ticks in a thread, and has the progress recorded every `checkpoint_every` seconds."""

    def __init__(
        self, transfers: Ticked, clock: Callable[[], float], checkpoint_every: float
    ) -> None:
        self._transfers = transfers
        self._clock = clock
        self._checkpoint_every = checkpoint_every
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop ticking."""
        self._closing.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        checkpoint_at = self._clock() + self._checkpoint_every
        pause = TICK
        while not self._closing.wait(pause):
            began = self._clock()
            try:
                self._transfers.tick()
            except Exception:
                log.exception("tick failed")
            pause = max(TICK, _REST * (self._clock() - began))
            if self._clock() >= checkpoint_at:
                checkpoint_at = self._clock() + self._checkpoint_every
                self._transfers.checkpoint_later()
