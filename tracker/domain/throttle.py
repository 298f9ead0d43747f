"""How often a password may be guessed."""

from __future__ import annotations

from collections import OrderedDict, deque

from common.errors import ErrorCode, MinitorrentError

Key = tuple[str, str]
"""An account and the address that tries it."""


class AttemptThrottle:
    """Allows `limit` failed attempts per key within `window` seconds; the clock is an argument.

    An attempt counts as failed until it is said to have succeeded, so that attempts made at
    once count too. Remembers at most `capacity` keys, and forgets the longest unused.
    Not safe for use by several threads at once.
    """

    def __init__(self, limit: int = 10, window: float = 300.0, capacity: int = 10_000) -> None:
        self._limit = limit
        self._window = window
        self._capacity = capacity
        self._attempts: OrderedDict[Key, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._attempts)

    def attempt(self, key: Key, now: float) -> None:
        """Note an attempt at `now` (seconds); raises MinitorrentError(too_many_attempts)."""
        times = self._attempts.setdefault(key, deque())
        self._attempts.move_to_end(key)
        while times and times[0] <= now - self._window:
            times.popleft()
        if len(times) >= self._limit:
            seconds = max(1, round(times[0] + self._window - now))
            raise MinitorrentError(
                ErrorCode.TOO_MANY_ATTEMPTS,
                f"Too many wrong passwords for this account; try again in {seconds} seconds.",
            )
        times.append(now)
        while len(self._attempts) > self._capacity:
            self._attempts.popitem(last=False)

    def succeeded(self, key: Key) -> None:
        """The password was right: earlier attempts are forgotten."""
        self._attempts.pop(key, None)
