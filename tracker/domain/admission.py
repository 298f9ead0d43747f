"""Who gets in where there is room for so many: in all, and for each party.

A party (see common.party) that fills the room must not keep the others out, and whoever shares an
address with a troublemaker should still get in. So a newcomer may displace somebody who does
nothing: of its own party when that has all the places it may have, else of the party with the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

HolderT = TypeVar("HolderT")


@dataclass(frozen=True)
class ConnectionLimits:
    """How many places there are, in all and for each party.

    Who has done nothing for `grace` seconds may be displaced by anybody; before that, only by
    newcomers whose party has fewer places.
    """

    total: int
    per_party: int
    grace: float


@dataclass(frozen=True)
class Slot(Generic[HolderT]):
    """A place that is taken: whose it is, and since when (seconds) nothing is done with it.

    `is_idle` says that its holder may be displaced.
    """

    holder: HolderT
    party: str
    since: float
    is_idle: bool


@dataclass(frozen=True)
class Admission(Generic[HolderT]):
    """Whether a newcomer gets in, and who has to go for it."""

    is_admitted: bool
    displaced: HolderT | None = None


def admit(
    limits: ConnectionLimits, party: str, taken: Collection[Slot[HolderT]], now: float
) -> Admission[HolderT]:
    """Decide about a newcomer of this party; the clock is an argument, in seconds."""
    counts = Counter(place.party for place in taken)
    own = counts[party]
    if own >= limits.per_party:
        rivals = [place for place in taken if place.party == party]
    elif len(taken) >= limits.total:
        rivals = list(taken)
    else:
        return Admission(is_admitted=True)
    candidates = [
        place
        for place in rivals
        if place.is_idle and (place.since <= now - limits.grace or counts[place.party] > own + 1)
    ]
    if not candidates:
        return Admission(is_admitted=False)
    chosen = max(candidates, key=lambda place: (counts[place.party], -place.since))
    return Admission(is_admitted=True, displaced=chosen.holder)
