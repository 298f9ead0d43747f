"""Which downloads may run, and which wait their turn.

A download that holds one of the *places* runs; the others wait. The next free place goes to the
waiting download with the highest priority, then to the oldest. A running download does not lose
its place to another, with one exception: when it has had no peer to download from for `patience`
seconds, it keeps looking for peers but lends its place to the next. If both have peers later, so
that more downloads are busy than there are places, the last in order has to wait again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

NO_LIMIT: Final = 0
"""A number of places without a limit."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A download that wants to run. A smaller `age` is older; ages are unique."""

    age: int
    priority: int
    is_lonely: bool
    """Whether it has no peer to download from. Ignored while it waits."""

    @property
    def rank(self) -> tuple[int, int]:
        """The sort key; smaller ranks come first."""
        return -self.priority, self.age


class Changes(NamedTuple):
    """Ages of the downloads to start, the first in order first, and of those to stop."""

    start: list[int]
    stop: list[int]


class DownloadQueue:
    """Hands out `places`; tracks which downloads hold one, and since when each lacks peers.

    A download that lacks peers for `patience` seconds lends its place to the next.
    """

    def __init__(self, places: int, patience: float) -> None:
        self.places = places
        self._patience = patience
        self._lonely_since: dict[int, float | None] = {}  # of all that hold a place

    def has_place(self, age: int) -> bool:
        """Return whether this download may run."""
        return age in self._lonely_since

    def leave(self, age: int) -> None:
        """Take back this download's place, if it has one."""
        self._lonely_since.pop(age, None)

    def review(self, entries: Iterable[Entry], now: float) -> Changes:
        """Hand out the places again; `entries` are all that want to run, `now` is in seconds."""
        ranked = sorted(entries, key=lambda entry: entry.rank)
        self._look(ranked, now)
        busy = [entry.age for entry in ranked if self._is_busy(entry.age, now)]
        waiting = [entry.age for entry in ranked if not self.has_place(entry.age)]
        free = len(waiting) if self.places == NO_LIMIT else self.places - len(busy)
        start, stop = waiting[: max(0, free)], busy[free:] if free < 0 else []
        for age in stop:
            del self._lonely_since[age]
        for age in start:
            self._lonely_since[age] = now
        return Changes(start, stop)

    def waiting(self, entries: Iterable[Entry]) -> list[int]:
        """Return the ages of the downloads without a place, the next to get one first."""
        ranked = sorted(entries, key=lambda entry: entry.rank)
        return [entry.age for entry in ranked if not self.has_place(entry.age)]

    def _look(self, entries: Sequence[Entry], now: float) -> None:
        """Update which downloads want to run, and which of them lack peers."""
        before = self._lonely_since
        self._lonely_since = {}
        for entry in entries:
            if entry.age in before:
                since = before[entry.age]
                if not entry.is_lonely:
                    since = None
                elif since is None:
                    since = now
                self._lonely_since[entry.age] = since

    def _is_busy(self, age: int, now: float) -> bool:
        """Return whether a download holds a place and uses it."""
        if age not in self._lonely_since:
            return False
        since = self._lonely_since[age]
        return since is None or now - since < self._patience
