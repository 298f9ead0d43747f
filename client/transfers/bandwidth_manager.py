"""Enforces rate limits: a thread that lets bytes pass, a few blocks at a time.

For downloads, it requests from peers as much as a limit permits; the requested blocks are then
read at full speed, so that no message waits behind payload and no peer waits for us. For uploads,
it lets a peer's writer send more of what was requested. Without a limit it sleeps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final

import structlog

from client.core.bandwidth.fair_queue import FairQueue
from client.core.notices.events import RateLimitsChanged
from client.event_bus import EventBus
from client.torrent.torrent import Torrent
from client.transfers.rate_limits import RateLimits

log = structlog.get_logger(__name__)

BUSY: Final = 0.02
IDLE: Final = 0.1
"""Seconds between rounds while something waits for a limit, and while nothing does."""

LOOK_EVERY: Final = 0.25
"""Seconds between checks for torrents that have peers: there may be thousands without."""

_REST: Final = 9
"""The pause after a round is this many times as long as the round, within the two limits above."""


class BandwidthManager:
    """Applies the limits to the active torrents; `torrents` returns these."""

    def __init__(
        self,
        limits: RateLimits,
        torrents: Callable[[], Iterable[Torrent]],
        clock: Callable[[], float],
        events: EventBus,
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
        self._thread = threading.Thread(target=self._run, name="bandwidth manager", daemon=True)
        self._thread.start()
        events.subscribe(RateLimitsChanged, self._changed)

    def close(self) -> None:
        """Stop the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join(5.0)

    def _changed(self, _: RateLimitsChanged) -> None:
        """Apply new limits: writers that wait may be unlimited now."""
        for torrent in self._torrents():
            torrent.lift_limit()
        self._wake.set()

    def _run(self) -> None:
        while not self._closing:
            pause: float | None = None
            if self._limits.any:
                began = self._clock()
                is_busy = self._try_round()
                pause = pause_after(self._clock() - began) if is_busy else IDLE
            else:
                self._with_peers = []  # torrents keep their files open
            self._wake.wait(pause)
            self._wake.clear()
        self._with_peers = []

    def _try_round(self) -> bool:
        try:
            return self._round()
        except Exception:
            log.exception("bandwidth round failed")
            return False

    def _round(self) -> bool:
        """Serve all requests once; returns whether there were any."""
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


def pause_after(took: float) -> float:
    """Return the seconds from a round that took so long, and found requests, to the next one.

    With hundreds of transfers it takes milliseconds. What a bucket saves up lasts for longer than
    any pause, so that long ones make a transfer no slower.
    """
    return min(IDLE, max(BUSY, _REST * took))
