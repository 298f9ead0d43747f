"""The clock of the database, which all of its trackers share."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, func, select

_NOW = select(func.extract("epoch", func.clock_timestamp()))


class DatabaseClock:
    """Tells the time of the database's server, in seconds since the epoch. Thread-safe.

    Trackers on several machines record and judge times by it, so it doesn't matter whether their
    own clocks agree. It goes on with this machine's steady clock from one look at the server's to
    the next. SQLite's trackers are all on one machine, whose clock this is then.
    """

    def __init__(
        self,
        *,
        is_shared: bool,
        steady: Callable[[], float] = time.monotonic,
        own: Callable[[], float] = time.time,
    ) -> None:
        self._is_shared = is_shared
        self._steady = steady
        self._own = own
        self._offset = own() - steady()

    def __call__(self) -> float:
        """Return the time."""
        return self._steady() + self._offset if self._is_shared else self._own()

    def look(self, connection: Connection) -> None:
        """Look at the server's clock."""
        if self._is_shared:
            before = self._steady()
            told = float(connection.execute(_NOW).scalar_one())
            self.take(told, before, self._steady())

    def take(self, told: float, before: float, after: float) -> None:
        """Take what the server told between two times on the steady clock.

        The answer may be late, on a busy machine by seconds: nothing changes while it is possible
        that the clocks still go on together.
        """
        self._offset = min(max(self._offset, told - after), told - before)

    def difference(self) -> float:
        """Return by how many seconds this machine's clock is ahead of the server's."""
        return self._own() - self()
