"""Which peers to upload to: tit-for-tat with an optimistic unchoke (BEP 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from client.core.swarm.swarm_config import SwarmConfig

if TYPE_CHECKING:
    from random import Random

NEWCOMER_WEIGHT = 3
"""How many times likelier a new peer is tried than one that had its turn (BEP 3)."""

SPREADER_WEIGHT = 4
"""How many times likelier a peer is tried than one that hoards."""


@dataclass(frozen=True, slots=True)
class ChokeCandidate:
    """A peer as the choker sees it.

    `rate` is what it sends us (bytes/s) while we download, and what it takes while we seed.
    `eligible`: it is interested and may be served. `hoards`: it passes on little of what it got.
    `takes`: it gives us nothing for what it got.
    """

    key: int
    eligible: bool
    rate: float
    snubbed: bool = False
    newcomer: bool = False
    hoards: bool = False
    takes: bool = False


def givers_first(candidates: Sequence[ChokeCandidate]) -> Sequence[ChokeCandidate]:
    """Return the candidates without those that only take, unless nobody else wants anything."""
    givers = [c for c in candidates if not c.takes]
    return givers if any(c.eligible for c in givers) else candidates


def choose_unchoked(
    candidates: Sequence[ChokeCandidate], slots: int, optimistic: int | None
) -> set[int]:
    """Return the peers to serve: the `slots` best by rate, the optimistic one among them.

    A peer that has stopped sending (`snubbed`) only gets the optimistic slot; of equals, the first
    ones are served.
    """
    chosen = {c.key for c in candidates if c.key == optimistic and c.eligible}
    ranked = sorted(
        (c for c in candidates if c.eligible and not c.snubbed and c.key not in chosen),
        key=lambda c: (c.hoards, -c.rate),
    )
    chosen.update(c.key for c in ranked[: max(0, slots - len(chosen))])
    return chosen


def choose_optimistic(
    candidates: Sequence[ChokeCandidate], unchoked: set[int], rng: Random
) -> int | None:
    """Return the peer to try next among those not served, or None when all are.

    One that hoards has its turn less often; maybe it can reach nobody else.
    """
    waiting = [c for c in candidates if c.eligible and c.key not in unchoked]
    if not waiting:
        return None
    weights = [
        (NEWCOMER_WEIGHT if c.newcomer else 1) * (1 if c.hoards else SPREADER_WEIGHT)
        for c in waiting
    ]
    return rng.choices([c.key for c in waiting], weights)[0]


class Choker:
    """Chooses in rounds, every `config.rechoke_every` seconds.

    Every `config.optimistic_every` seconds, or when the last one has left, another peer becomes the
    `optimistic` one.
    """

    def __init__(self, config: SwarmConfig, rng: Random, now: float) -> None:
        self._config = config
        self._rng = rng
        self._round_at = now + config.rechoke_every
        self._try_at = now
        self.optimistic: int | None = None
        self.slots = config.upload_slots
        self._last_rate = 0.0

    def fill(self, candidates: Sequence[ChokeCandidate], free: int) -> set[int]:
        """Return which of these peers, at most `free`, to serve too until the next round."""
        order = self._rng.sample(candidates, len(candidates))
        return choose_unchoked(order, free, None)

    def due(self, now: float) -> bool:
        """Return whether the next round is due."""
        return now >= self._round_at

    def choose(
        self,
        candidates: Sequence[ChokeCandidate],
        upload_rate: float,
        now: float,
        *,
        all_used: bool,
    ) -> set[int]:
        """Return the peers to serve until the next round, given how fast we upload (bytes/s).

        `all_used`: every slot was in use since the last round.
        """
        self._round_at = now + self._config.rechoke_every
        self._adapt_slots(upload_rate, all_used=all_used)
        slots = self.slots
        candidates = givers_first(self._rng.sample(candidates, len(candidates)))
        if now >= self._try_at or all(c.key != self.optimistic for c in candidates):
            self._try_at = now + self._config.optimistic_every
            regular = choose_unchoked(candidates, slots - 1, None)
            self.optimistic = choose_optimistic(candidates, regular, self._rng)
        return choose_unchoked(candidates, slots, self.optimistic)

    def _adapt_slots(self, upload_rate: float, *, all_used: bool) -> None:
        """Try one slot more, and take it back unless it made us send noticeably faster.

        Every peer served at the same time makes the others wait longer for their pieces, which they
        can't pass on before. So more slots than fill our line slow the whole swarm. While some slot
        isn't used, our line is not what limits us.
        """
        gain = upload_rate - self._last_rate
        self._last_rate = upload_rate
        is_more = self.slots > self._config.upload_slots
        if all_used and not (is_more and gain * 2 * self.slots < upload_rate):
            self.slots = min(self.slots + 1, self._config.max_upload_slots)
        elif is_more:
            self.slots -= 1
