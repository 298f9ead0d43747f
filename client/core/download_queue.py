"""Which downloads may run, and which wait their turn.

A download that holds one of the *places* runs; the others wait. Who waits gets the next free place
in order of priority (the higher first), then of age. A running download is not put back for
another's sake, with one exception: one that has found nobody to download from for `PATIENCE`
seconds goes on looking, but lends its place to the next. If both have peers then, so that more are
busy than there are places, the last in order is put back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

PATIENCE: Final = 60.0
"""Seconds without any peer after which a download lends its place to another."""

NO_LIMIT: Final = 0
"""As a number of places: as many as there are downloads."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A download that wants to run. A smaller `age` is older; no two entries share one."""

    age: int
    priority: int
    is_lonely: bool
    """Whether it has nobody to download from. Of no interest while it waits."""

    @property
    def rank(self) -> tuple[int, int]:
        """The smaller comes first."""
        return -self.priority, self.age


class Changes(NamedTuple):
    """Ages of the downloads that get a place, first of all, and of those that lose theirs."""

    start: list[int]
    stop: list[int]


class DownloadQueue:
    """Hands out `places`; keeps in mind who has one, and since when it has been alone."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._lonely_since: dict[int, float | None] = {}  # of all that have a place

    def __repr__(self) -> str:
        return f"DownloadQueue({len(self._lonely_since)} running, {self.places} places)"

    def has_place(self, age: int) -> bool:
        """Whether this download may run."""
        return age in self._lonely_since

    def leave(self, age: int) -> None:
        """It runs no more; nothing happens when it doesn't."""
        self._lonely_since.pop(age, None)

    def review(self, entries: Iterable[Entry], now: float) -> Changes:
        """Hand out places anew; `entries` are all that want to run, `now` is in seconds."""
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
        """Who has no place, the next to get one first."""
        ranked = sorted(entries, key=lambda entry: entry.rank)
        return [entry.age for entry in ranked if not self.has_place(entry.age)]

    def _look(self, entries: Sequence[Entry], now: float) -> None:
        """See who still wants to run, and who is alone."""
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
        """Whether it has a place and needs it."""
        if age not in self._lonely_since:
            return False
        since = self._lonely_since[age]
        return since is None or now - since < PATIENCE
