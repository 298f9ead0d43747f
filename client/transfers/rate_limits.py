"""The rate limits in force: the client's own, and those of single transfers within it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from client.core.bandwidth.throttle import BandwidthChannel, Direction, Throttle, TokenBucket
from client.core.notices.events import RateLimitsChanged
from client.event_bus import EventBus
from client.state.rate_limits import WHOLE_CLIENT, LimitScope, RateLimitStore, Rates
from client.state.transfers import TransferRecord

_DIRECTIONS: Final[tuple[Direction, ...]] = ("up", "down")


class RateLimits:
    """Limits and the buckets that enforce them. Thread-safe.

    `lock` is held while a rate changes, and while bytes are drawn from a channel. Publishes
    RateLimitsChanged after a rate has changed.
    """

    def __init__(self, store: RateLimitStore, clock: Callable[[], float], events: EventBus) -> None:
        self.lock = threading.Lock()
        self._events = events
        self._store = store
        self._clock = clock
        self._rates = store.all()
        self._throttles: dict[LimitScope, Throttle] = {}
        now, rates = clock(), self.rates(None)
        self._shared = {way: TokenBucket(getattr(rates, way), now) for way in _DIRECTIONS}

    @property
    def any(self) -> bool:
        """Whether there is any limit."""
        return bool(self._rates)

    def rates(self, record: TransferRecord | None) -> Rates:
        """Return the limits of a transfer, or with None those of the whole client."""
        return self._rates.get(_limited(record), Rates())

    def throttle(self, record: TransferRecord) -> Throttle:
        """Return a transfer's throttle, which stays the same while the client runs."""
        limited = _limited(record)
        with self.lock:
            if limited not in self._throttles:
                now, rates = self._clock(), self.rates(record)
                up, down = (
                    BandwidthChannel(TokenBucket(getattr(rates, way), now), self._shared[way])
                    for way in _DIRECTIONS
                )
                self._throttles[limited] = Throttle(up, down)
            return self._throttles[limited]

    def set(self, record: TransferRecord | None, direction: Direction, rate: int) -> None:
        """Limit a transfer, or with None the whole client, to `rate` bytes a second.

        0 removes the limit. Stored for later runs; raises MinitorrentError when that fails.
        """
        limited = _limited(record)
        bucket = self.throttle(record).channel(direction).own if record else self._shared[direction]
        with self.lock:
            rates = self.rates(record)._replace(**{direction: rate})
            self._store.set(limited, rates)
            self._rates = {**self._rates, limited: rates}
            if not any(rates):
                del self._rates[limited]
            bucket.set_rate(rate, self._clock())
        self._events.publish(RateLimitsChanged())

    def forget(self, record: TransferRecord) -> None:
        """Remove the limits of a discarded transfer: a later one of its name starts without any."""
        if any(self.rates(record)):
            for direction in _DIRECTIONS:
                self.set(record, direction, 0)
        with self.lock:
            self._throttles.pop(_limited(record), None)


def _limited(record: TransferRecord | None) -> LimitScope:
    return LimitScope(record.user, record.group, record.name) if record else WHOLE_CLIENT
