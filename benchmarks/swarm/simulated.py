"""Runs a scenario on the virtual clock, with the client's own core."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from benchmarks.swarm.scenarios import UPLOAD, Scenario
from tests.simulation.network import TICK, Network, Node

LISTED, CONNECTIONS = 40, 50
"""Peers that the tracker lists for a node, and connections that a node has at most."""

LONGEST = 20.0
"""A run ends after this many times the bound."""


@dataclass(frozen=True)
class Outcome:
    """Figures of a run.

    `last` and `middle` are when the last honest node and the median one had everything, and
    `riders` when the first free rider and the last one had, all in units of the bound; `copies` is
    what the seed sent, in copies of the file; `wasted` the share of what was sent that was of no
    use; `idle` the share of the honest nodes' capacity until the end that was not used, by reason;
    `cost` the processor's seconds per node.
    """

    last: float
    middle: float
    riders: tuple[float, float] | None
    copies: float
    wasted: float
    idle: dict[str, float]
    cost: float


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Leave cycles alone meanwhile: nearly all objects stay, and looking at each takes long."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Run:
    """One run of a scenario; `seed` is that of all randomness."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._network = network = Network(
            scenario.geometry, seed, scenario.latency, limited=scenario.limited
        )
        self._seed = network.add(upload=UPLOAD, complete=True)
        riders = round(scenario.riders * scenario.leechers)
        for number in range(scenario.leechers):
            upload = scenario.uploads(network.rng)
            network.add(
                upload=upload,
                complete=False,
                download=upload * scenario.downloads,
                rides_free=number < riders,
            )
        network.connect_some(LISTED, CONNECTIONS)
        self._leechers = network.nodes[1:]
        self._idle: defaultdict[str, float] = defaultdict(float)
        self._capacity = 0.0

    @property
    def bound(self) -> float:
        """No system can serve the honest nodes sooner, in seconds."""
        honest = [node for node in self._leechers if not node.rides_free]
        size = self._scenario.geometry.length
        slowest = min(node.upload for node in honest) * self._scenario.downloads
        together = UPLOAD + sum(node.upload for node in honest)
        return max(size / UPLOAD, size / slowest, len(honest) * size / together)

    def outcome(self) -> Outcome:
        """Run it; raises AssertionError when some node can't finish."""
        scenario, network = self._scenario, self._network
        self._arrange()
        started = time.process_time()
        with _no_garbage_collection():
            network.run(limit=LONGEST * self.bound)
        cost = (time.process_time() - started) / len(network.nodes)
        size = scenario.geometry.length
        ends = sorted(self._ends(rides_free=False))
        riders = self._ends(rides_free=True)
        sent = sum(node.swarm.uploaded for node in network.nodes)
        useful = sum(node.swarm.verified_bytes for node in self._leechers)
        return Outcome(
            last=ends[-1] / self.bound,
            middle=median(ends) / self.bound,
            riders=(min(riders) / self.bound, max(riders) / self.bound) if riders else None,
            copies=self._seed.swarm.uploaded / size,
            wasted=1 - useful / sent,
            idle={why: seconds / self._capacity for why, seconds in self._idle.items()},
            cost=cost,
        )

    def _ends(self, *, rides_free: bool) -> list[float]:
        return [
            node.finished_at
            for node in self._leechers
            if node.rides_free is rides_free
            and not (node.gone and not node.swarm.complete)
            and node.finished_at is not None
        ]

    # --- what happens during a run ---
    def _arrange(self) -> None:
        scenario, network = self._scenario, self._network
        if scenario.leaves:
            for node in self._leechers:
                node.on_finished = Node.leave
        if scenario.halved_at is not None:
            network.after(scenario.halved_at * self.bound, self._halve)
        if scenario.seed_copies is not None:
            self._seed.on_sent = self._leave_in_time
        network.after(TICK, self._sample)

    def _halve(self) -> None:
        for node in self._network.rng.sample(self._leechers, len(self._leechers) // 2):
            node.give_up()

    def _leave_in_time(self, seed: Node) -> None:
        if seed.swarm.uploaded >= (self._scenario.seed_copies or 0) * seed.swarm.geometry.length:
            seed.leave()
            seed.on_sent = lambda _: None

    def _sample(self) -> None:
        honest = [node for node in self._leechers if not node.rides_free]
        if all(node.finished_at is not None for node in honest):
            return
        for node in (self._seed, *honest):
            if not node.gone:
                self._capacity += node.upload
                if not node.sending:
                    self._idle[node.idle_because()] += node.upload
        self._network.after(TICK, self._sample)
