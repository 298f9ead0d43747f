"""Fair admission to a limited number of places: no party keeps others out by taking many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

MAX_CLOSING: Final = 16
"""Connections that may still be closing, on top of a limit of open ones."""

KeyT = TypeVar("KeyT", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Held(Generic[KeyT]):
    """A taken place: which party holds it, and how useful it was (payload bytes)."""

    key: KeyT
    party: Hashable
    carried: int


@dataclass(frozen=True, slots=True)
class Verdict(Generic[KeyT]):
    """Whether a newcomer gets a place, and which holder must leave for it, if any."""

    admitted: bool
    displaced: KeyT | None = None


def judge(held: Sequence[Held[KeyT]], party: Hashable, limit: int, most_each: int) -> Verdict[KeyT]:
    """Decide whether a party gets another of `limit` places, `most_each` per party at most.

    When all are taken, the party with the most places loses its least useful one, but only to a
    party that holds fewer even then.
    """
    counts = Counter(place.party for place in held)
    own = counts[party]
    if own >= most_each:
        return Verdict(admitted=False)
    if len(held) < limit:
        return Verdict(admitted=True)
    crowd, most = max(counts.items(), key=lambda item: item[1], default=(None, 0))
    if most <= own + 1:
        return Verdict(admitted=False)
    least_useful = min((place for place in held if place.party == crowd), key=lambda p: p.carried)
    return Verdict(admitted=True, displaced=least_useful.key)
