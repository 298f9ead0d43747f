"""Admission of connections under a total limit and a limit per party.

A party (see common.party) that fills all slots must not keep others out, and someone who shares an
address with an attacker should still get in. So a new connection may displace an idle one: of
its own party if that is at its limit, otherwise of the party with the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

HolderT = TypeVar("HolderT")


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits on connections, in total and per party.

    A connection idle for `grace` seconds can be displaced by anyone; before that, only by newcomers
    whose party holds fewer slots.
    """

    total: int
    per_party: int
    grace: float


@dataclass(frozen=True)
class Slot(Generic[HolderT]):
    """A slot in use: its holder, party, and the time in seconds of its last activity."""

    holder: HolderT
    party: str
    since: float


class SlotCounts:
    """How many slots are taken, in total and by each party: counted, never searched for."""

    def __init__(self) -> None:
        self.total = 0
        self._by_party: Counter[str] = Counter()

    def of(self, party: str) -> int:
        """Return the number of a party's slots."""
        return self._by_party[party]

    def take(self, party: str) -> None:
        """Count a slot that a party takes."""
        self._by_party[party] += 1
        self.total += 1

    def free(self, party: str) -> None:
        """Count a slot that a party gives up."""
        self._by_party[party] -= 1
        self.total -= 1
        if not self._by_party[party]:
            del self._by_party[party]


@dataclass(frozen=True)
class Admission(Generic[HolderT]):
    """Whether a newcomer is admitted, and which connection it displaces."""

    is_admitted: bool
    displaced: HolderT | None = None


def admit(
    limits: ConnectionLimits,
    party: str,
    counts: SlotCounts,
    idle: Callable[[], Iterable[Slot[HolderT]]],
    now: float,
) -> Admission[HolderT]:
    """Decide whether to admit a newcomer of this party; `now` is in seconds.

    `idle` returns the slots whose holders may be displaced; called only if there is no free one.
    """
    own = counts.of(party)
    if own < limits.per_party and counts.total < limits.total:
        return Admission(is_admitted=True)
    is_own_limit = own >= limits.per_party
    candidates = [
        slot
        for slot in idle()
        if (slot.party == party or not is_own_limit)
        and (slot.since <= now - limits.grace or counts.of(slot.party) > own + 1)
    ]
    if not candidates:
        return Admission(is_admitted=False)
    chosen = max(candidates, key=lambda slot: (counts.of(slot.party), -slot.since))
    return Admission(is_admitted=True, displaced=chosen.holder)
