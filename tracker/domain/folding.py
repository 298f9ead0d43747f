"""Folds repeated failures: the first is reported at once, then how many followed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple


class Told(NamedTuple):
    """How to tell a failure: `reference` names it; a repetition has the first one's, and is only
    counted.
    """

    reference: str
    is_new: bool


class Repeated(NamedTuple):
    """A failure that has happened `times` times more since it was last told."""

    reference: str
    times: int


@dataclass
class _Kind:
    reference: str
    told_at: float
    untold: int = 0


class FailureFolder:
    """Decides which failures are reported in full. Failures of one kind have the same key.

    `interval` is the time between two counts of a kind, in seconds; a kind that didn't happen for
    as long is new again. At most `most` kinds are remembered; others are counted as one.
    """

    def __init__(self, interval: float, most: int = 100) -> None:
        self._interval = interval
        self._most = most
        self._kinds: dict[Hashable, _Kind] = {}

    def take(self, key: Hashable, reference: str, now: float) -> Told:
        """Take a failure that happens now; `reference` is used if its kind is new."""
        if key not in self._kinds and len(self._kinds) >= self._most:
            key = None
        kind = self._kinds.get(key)
        if kind is None:
            self._kinds[key] = _Kind(reference, now)
            return Told(reference, True)
        kind.untold += 1
        return Told(kind.reference, False)

    def due(self, now: float) -> list[Repeated]:
        """Return the counts that are due, and forget the kinds that have stopped happening."""
        found = []
        for key, kind in list(self._kinds.items()):
            if now - kind.told_at < self._interval:
                continue
            if kind.untold:
                found.append(Repeated(kind.reference, kind.untold))
                kind.told_at, kind.untold = now, 0
            else:
                del self._kinds[key]
        return found
