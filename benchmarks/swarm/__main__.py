"""`python -m benchmarks.swarm`: run the scenarios and print how close they get to the bound."""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from benchmarks.swarm.scenarios import Scenario, scenarios
from benchmarks.swarm.simulated import Outcome, Run

EXPLANATION = """\
last: when the last honest node has the file, in units of the bound max(F / u_seed, F / d_min,
N F / (u_seed + N u)) that no system can beat; slowest: that node against the median one; riders:
the first free rider and the last one, against the bound; copies: what the seed sent; wasted: share
of all bytes sent; CPU: processor's seconds per node; idle: share of the capacity not used until
the last honest node had the file, and why."""


def main() -> None:
    """Run what was asked for and print a row each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swarm", description=__doc__)
    parser.add_argument("--leechers", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--only", default="", help="only scenarios whose name holds this")
    parser.add_argument("--seed", type=int, default=1, help="of all randomness")
    parser.add_argument("--pieces", type=int, default=256)
    parser.add_argument("--blocks", type=int, default=8, help="blocks of 16 KiB in a piece")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="scenarios at once")
    arguments = parser.parse_args()
    chosen = [
        replace(scenario, pieces=arguments.pieces, blocks=arguments.blocks)
        for leechers in arguments.leechers
        for scenario in scenarios(leechers)
        if arguments.only in scenario.name
    ]
    started = time.monotonic()
    print(
        f"{'':30} {'last':>6} {'slowest':>8} {'riders':>10} {'copies':>7} {'wasted':>7} {'CPU':>6}"
    )
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for row in pool.map(_row, chosen, [arguments.seed] * len(chosen)):
            print(row, flush=True)
    print(f"{EXPLANATION}\n{time.monotonic() - started:.0f} s in all")


def _row(scenario: Scenario, seed: int) -> str:
    title = f"{scenario.leechers} {scenario.name}"
    try:
        outcome = Run(scenario, seed).outcome()
    except AssertionError as error:
        return f"{title:30} failed: {error}"
    return f"{title:30} {_figures(outcome)}"


def _figures(outcome: Outcome) -> str:
    riders = "{:.2f} {:.2f}".format(*outcome.riders) if outcome.riders is not None else "-"
    idle = ", ".join(f"{share:.1%} {why}" for why, share in outcome.idle.items())
    return (
        f"{outcome.last:6.2f} {outcome.last / outcome.middle:8.2f} {riders:>10} "
        f"{outcome.copies:7.2f} {outcome.wasted:7.1%} {outcome.cost:6.3f}  idle {idle}"
    )


if __name__ == "__main__":
    main()
