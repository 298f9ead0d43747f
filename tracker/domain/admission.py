"""Admission of connections under a total limit and a limit per party.

A party (see common.party) that fills all slots must not keep others out, and someone who shares an
address with an attacker should still get in. So a new connection may displace an idle one: of
its own party if that is at its limit, otherwise of the party with the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
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
    """A slot in use: its holder, party, and the time in seconds of its last activity.

    `is_idle` says that the holder may be displaced.
    """

    holder: HolderT
    party: str
    since: float
    is_idle: bool


@dataclass(frozen=True)
class Admission(Generic[HolderT]):
    """Whether a newcomer is admitted, and which connection it displaces."""

    is_admitted: bool
    displaced: HolderT | None = None


def admit(
    limits: ConnectionLimits, party: str, taken: Collection[Slot[HolderT]], now: float
) -> Admission[HolderT]:
    """Decide whether to admit a newcomer of this party; `now` is in seconds."""
    counts = Counter(slot.party for slot in taken)
    own = counts[party]
    if own >= limits.per_party:
        rivals = [slot for slot in taken if slot.party == party]
    elif len(taken) >= limits.total:
        rivals = list(taken)
    else:
        return Admission(is_admitted=True)
    candidates = [
        slot
        for slot in rivals
        if slot.is_idle and (slot.since <= now - limits.grace or counts[slot.party] > own + 1)
    ]
    if not candidates:
        return Admission(is_admitted=False)
    chosen = max(candidates, key=lambda slot: (counts[slot.party], -slot.since))
    return Admission(is_admitted=True, displaced=chosen.holder)
