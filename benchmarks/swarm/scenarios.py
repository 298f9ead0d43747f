"""Crowds that want the same file at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random

from common.geometry import Geometry
from common.types import BLOCK_SIZE

UPLOAD = 256 * 1024.0
"""Bytes a second that a node sends, unless a scenario says otherwise."""

Uploads = Callable[[Random], float]


def equal(_: Random) -> float:
    """All nodes send equally fast."""
    return UPLOAD


def mixed(rng: Random) -> float:
    """A fifth of the nodes sends four times as fast as usual, two fifths half as fast."""
    return rng.choices([4 * UPLOAD, UPLOAD, UPLOAD / 2], [1, 2, 2])[0]


@dataclass(frozen=True)
class Scenario:
    """One seed and `leechers` nodes that begin at the same moment with nothing.

    `riders` of the leechers send nothing. `downloads` is how many times as fast as it sends a node
    receives. With `leaves`, a node leaves once it has everything; `halved_at` is when half of the
    leechers leave unfinished, in units of the bound; `seed_copies` is after how many copies of the
    file the seed leaves. Unless `limited`, it isn't their upload limits but their lines that keep
    nodes from sending faster.
    """

    name: str
    leechers: int
    uploads: Uploads = equal
    downloads: float = inf
    riders: float = 0.0
    latency: float = 0.02
    leaves: bool = False
    halved_at: float | None = None
    seed_copies: float | None = None
    limited: bool = True
    pieces: int = 256
    blocks: int = 8

    @property
    def geometry(self) -> Geometry:
        """The file."""
        return Geometry(self.pieces * self.blocks * BLOCK_SIZE, self.blocks * BLOCK_SIZE)


def scenarios(leechers: int) -> list[Scenario]:
    """Return all scenarios with this many leechers."""
    return [
        Scenario("equal", leechers),
        Scenario("no upload limits", leechers, limited=False),
        Scenario("100 ms", leechers, latency=0.1),
        Scenario("download = 2 x upload", leechers, downloads=2.0),
        Scenario("mixed", leechers, uploads=mixed),
        Scenario("free riders", leechers, riders=0.2),
        Scenario("leave when done", leechers, leaves=True),
        Scenario("half leave", leechers, halved_at=0.5),
        Scenario("seed leaves", leechers, seed_copies=1.1),
    ]
