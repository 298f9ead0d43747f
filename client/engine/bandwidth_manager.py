"""The thread that lets bytes pass where there is a rate limit, a few blocks at a time.

Downloading, it asks peers for as much as a limit lets in; what was asked for is then read as fast
as it comes, so that no message waits behind payload and no peer is waited for because of us.
Uploading, it lets a peer's writer send so much more of what was requested. Without a limit it
sleeps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final

import structlog

from client.core.fair_queue import FairQueue
from client.engine.rate_limits import RateLimits
from client.engine.torrent import Torrent

log = structlog.get_logger(__name__)

BUSY: Final = 0.02
IDLE: Final = 0.1
"""Seconds between rounds while somebody waits for a limit, and while nobody does."""

LOOK_EVERY: Final = 0.25
"""Seconds between looks at which torrents have peers at all: there may be thousands without."""


class BandwidthManager:
    """Drives the torrents at work through the limits; `torrents` answers which these are."""

    def __init__(
        self,
        limits: RateLimits,
        torrents: Callable[[], Iterable[Torrent]],
        clock: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._torrents = torrents
        self._clock = clock
        self._up = FairQueue()
        self._down = FairQueue()
        self._with_peers: list[Torrent] = []
        self._look_at = clock()
        self._closing = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)
        self._thread.start()
        limits.changed = self._changed

    def close(self) -> None:
        """End the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join(5.0)

    def _changed(self) -> None:
        """Let the new limits take effect: writers that wait may have none any more."""
        for torrent in self._torrents():
            torrent.lift_limit()
        self._wake.set()

    def _run(self) -> None:
        while not self._closing:
            pause: float | None = None
            if self._limits.any:
                pause = BUSY if self._try_round() else IDLE
            else:
                self._with_peers = []  # torrents keep their files open
            self._wake.wait(pause)
            self._wake.clear()
        self._with_peers = []

    def _try_round(self) -> bool:
        try:
            return self._round()
        except Exception:
            log.exception("pacing failed")
            return False

    def _round(self) -> bool:
        """Let pass what may; whether anybody claimed anything."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._with_peers = [t for t in self._torrents() if t.connection_count]
        with self._limits.lock:
            ups = list(chain.from_iterable(t.upload_requests() for t in self._with_peers))
            downs = list(chain.from_iterable(t.download_requests() for t in self._with_peers))
            self._up.serve(ups, now)
            self._down.serve(downs, now)
        return bool(ups or downs)
