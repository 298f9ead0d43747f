"""`python -m benchmarks.load.live N`: what N live sessions cost a tracker, and what it answers.

Prints the memory, descriptors and threads of each session, the CPU of idle ones (clients ping every
30 seconds), and how long look-ups take while all of them announce every 60 seconds.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.load.crowd import PING, Crowd, Habit, percentile
from benchmarks.load.population import GROUP_SIZE, info_hash, populate
from tests.support.programs.processes import TrackerProcess
from tracker.frontend.descriptors import raise_limit

_TICKS = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    """What a process uses; memory in KiB, CPU in seconds."""

    memory: int
    descriptors: int
    threads: int
    cpu: float


def usage(pid: int) -> Usage:
    """Measure a process."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Usage(
        int(status["VmRSS"].split()[0]),
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        int(status["Threads"]),
        (int(stat[11]) + int(stat[12])) / _TICKS,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load.live", description=__doc__)
    parser.add_argument("sessions", type=int, metavar="N")
    parser.add_argument("--seconds", type=float, default=60, help="of each phase (default: 60)")
    parser.add_argument("--lookups", type=float, default=20, help="look-ups a second")
    parser.add_argument("--rush", type=float, default=0, help="announces a second, for overload")
    parser.add_argument("--database", help="URL (default: SQLite in a temporary folder)")
    arguments = parser.parse_args()
    raise_limit()
    limits = [
        "--max-sessions",
        str(arguments.sessions + 100),
        "--max-sessions-per-address",
        "99999",
    ]
    with tempfile.TemporaryDirectory(prefix="minitorrent-load-") as folder:
        options = [*limits, "--log-level", "warning"]
        database = arguments.database
        with TrackerProcess(Path(folder), *options, database=database) as tracker:
            _measure(tracker, arguments)
            print("log:", *tracker.errors.all[-20:], sep="\n  ")


def _measure(tracker: TrackerProcess, arguments: argparse.Namespace) -> None:
    tokens = populate(tracker.database, arguments.sessions)
    crowd = Crowd(tracker.address)
    crowd.open(tokens[:1])
    before, began = usage(tracker.pid), time.monotonic()
    crowd.open(tokens[1:])
    opened = usage(tracker.pid)
    took = time.monotonic() - began
    count = len(tokens) - 1
    print(f"{len(tokens)} sessions opened in {took:.1f} s,", end=" ")
    print(f"{1000 * (opened.cpu - before.cpu) / count:.2f} ms CPU each", flush=True)
    _phase(crowd, tracker, "idle", arguments.seconds, [PING])
    now = usage(tracker.pid)
    print(
        f"  a session: {(now.memory - before.memory) / count:.1f} KiB,"
        f" {(now.descriptors - before.descriptors) / count:.2f} descriptors,"
        f" {(now.threads - before.threads) / count:.2f} threads"
    )
    every = len(tokens) / arguments.lookups
    look_up = Habit("get_group", every, _group)
    _phase(crowd, tracker, "look-ups", arguments.seconds, [PING, look_up])
    announcing = [Habit("announce", 60, _announce), PING, look_up]
    _phase(crowd, tracker, "announcing", max(61, arguments.seconds), announcing)
    if arguments.rush:
        rush = Habit("announce", len(tokens) / arguments.rush, _announce)
        _phase(crowd, tracker, "overload", arguments.seconds, [rush, PING, look_up])
        _phase(crowd, tracker, "afterwards", 10, [PING, look_up])
    print(f"  at last: {usage(tracker.pid).memory / 1024:.0f} MiB")
    crowd.close()


def _phase(
    crowd: Crowd, tracker: TrackerProcess, name: str, seconds: float, habits: list[Habit]
) -> None:
    """Run one phase and print what it took."""
    crowd.forget()
    gc.collect()
    before, began = usage(tracker.pid), time.monotonic()
    crowd.run(seconds, habits)
    after, took = usage(tracker.pid), time.monotonic() - began
    print(f"{name}: {100 * (after.cpu - before.cpu) / took:.1f} % of a core for {took:.0f} s")
    for operation, times in sorted(crowd.seconds.items()):
        p50, p99, most = (1000 * percentile(times, share) for share in (0.5, 0.99, 1.0))
        print(f"  {operation}: {len(times) / took:.0f} a second,", end=" ")
        print(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {most:.0f} ms")
    print(f"  refused: {dict(crowd.refusals)}, lost: {crowd.lost},", end=" ")
    print(f"unanswered: {crowd.unanswered}, connected: {crowd.alive}")
    print(f"  threads: {after.threads}, memory: {after.memory / 1024:.0f} MiB", flush=True)


def _group(number: int) -> dict[str, Any]:
    return {"group": f"load-g{number // GROUP_SIZE}"}


def _announce(number: int) -> dict[str, Any]:
    file = {"info_hash": info_hash(number // GROUP_SIZE), "left": 0 if number % 10 == 0 else 5}
    return {"port": 1024 + number % 60000, "files": [file]}


if __name__ == "__main__":
    main()
