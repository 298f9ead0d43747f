"""`python -m benchmarks.load table`: what each operation costs, beside other trackers."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load import references
from benchmarks.load.cpu import children, limited, pinned
from benchmarks.load.measure import Figures, MeasurementError, run
from benchmarks.load.operations import OPERATIONS, Worker
from benchmarks.load.site import Site, is_possible, open_site
from benchmarks.load.world import World, build

ONE, TWO, SQLITE = "PostgreSQL, one tracker", "PostgreSQL, two trackers", "SQLite, one tracker"
SCALED = ("announce a file", "HTTP announce", "list_files, page of 100", "connect, token login")
"""The operations of which the rate at two trackers is compared with that at one."""

Table = dict[str, dict[str, Figures]]
"""By column, and in it by operation."""

_IDLE = 3.0

EXPLANATION = """\
CPU: milliseconds of the trackers' processes for one operation, user and system; db: PostgreSQL's;
both without what they use when nobody asks for anything, which is in the first row.
rate: operations a second of all workers, which wait for each answer; p99: milliseconds until then.
Everything shares this machine's cores, the workers too: compare CPU, which depends little on that.
PostgreSQL runs with fsync off, so nothing waits for the disk. Every announced file has 40 peers."""


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="minitorrent-load-") as folder:
        table, ratios = _measure_all(Path(folder), options)
    before = json.loads(options.before.read_text()) if options.before else {}
    print(render(table, before))
    print(_scaling(ratios, options.share))
    print(EXPLANATION)
    if options.json:
        options.json.write_text(json.dumps(_plain(table, ratios), indent=1))
    return 0


def _measure_all(folder: Path, options: argparse.Namespace) -> tuple[Table, dict[str, float]]:
    table: Table = {}
    ratios: dict[str, float] = {}
    folder.chmod(0o755)
    if "sqlite" in options.database:
        with open_site("sqlite", folder / "sqlite") as site:
            world = build(site, options.workers)
            table[SQLITE] = _column(world, options, 1)
            if options.only in "HTTP announce":
                _add_references(table, world, folder, options)
    if "postgres" in options.database and is_possible("postgres"):
        with open_site("postgres", folder / "postgres", 2) as site:
            world = build(site, options.workers)
            table[ONE] = _column(world, options, 1)
            table[TWO] = _column(world, options, 2)
            ratios = _scale(world, options)
    return table, ratios


def _column(world: World, options: argparse.Namespace, trackers: int) -> dict[str, Figures]:
    idle = _idle(world.site, trackers)
    column = {"nothing, for a second": idle}
    for name in OPERATIONS:
        if options.only in name:
            figures = _measure(world, name, options, trackers, idle)
            if figures is not None:
                column[name] = figures
    return column


def _measure(
    world: World, name: str, options: argparse.Namespace, trackers: int, idle: Figures
) -> Figures | None:
    """Return the figures of one operation, without what the trackers use for themselves."""
    site = world.site
    workers = [Worker(world, n, n % trackers) for n in range(options.workers)]
    try:
        figures = run(
            OPERATIONS[name],
            workers,
            options.seconds,
            lambda: site.tracker_cpu(trackers),
            site.database_cpu,
        ).without(idle)
    except MeasurementError as error:
        print(f"failed: {name}, {site.kind}: {error}", file=sys.stderr)
        return None
    what = f"{site.kind}, {trackers}: {name}: {figures.tracker_ms:.2f} ms"
    print(f"{what}, {figures.rate:.0f} a second", file=sys.stderr, flush=True)
    return figures


def _idle(site: Site, trackers: int) -> Figures:
    """Return what a second costs in which nobody asks for anything."""
    before = site.tracker_cpu(trackers), site.database_cpu()
    time.sleep(_IDLE)
    cpu, database = site.tracker_cpu(trackers) - before[0], site.database_cpu() - before[1]
    return Figures(_IDLE, cpu / _IDLE, database / _IDLE, (1.0,))


def _add_references(table: Table, world: World, folder: Path, options: argparse.Namespace) -> None:
    for name in references.REFERENCES:
        found = references.measure(name, folder / name.split()[0], world, options.seconds)
        if isinstance(found, str):
            print(f"left out: {found}", file=sys.stderr)
        else:
            table[name] = found


def _scale(world: World, options: argparse.Namespace) -> dict[str, float]:
    """Return how much more two trackers answer than one, each with a share of a core.

    The database has the first core for itself, the workers share the other one with the trackers.
    """
    ratios = {}
    site = world.site
    pids = [tracker.pid for tracker in site.trackers]
    database = [site.main_process, *children(site.main_process)]
    with (
        pinned(database, 0),
        pinned([os.getpid(), *pids], 1),
        limited(pids, options.share) as is_limited,
    ):
        if not is_limited:
            print("left out: two trackers against one (needs root, cgroups)", file=sys.stderr)
            return {}
        idle = Figures(1.0, 0.0, 0.0, (1.0,))
        for name in SCALED:
            if options.only in name:
                one = _measure(world, name, options, 1, idle)
                two = _measure(world, name, options, 2, idle)
                if one and two:
                    ratios[name] = two.rate / one.rate
    return ratios


def render(table: Table, before: dict[str, dict[str, dict[str, float]]]) -> str:
    """Format the table, one block for each column of it."""
    lines = []
    for column, rows in table.items():
        lines += ["", f"{column:<34}  CPU ms   before   db ms     rate  p99 ms"]
        for name, figures in rows.items():
            earlier = before.get(column, {}).get(name)
            was = "-" if earlier is None else f"{earlier['tracker_ms']:.2f}"
            lines.append(
                f"{name:<34}  {figures.tracker_ms:6.3g}  {was:>7}  {figures.database_ms:6.2f}"
                f"  {figures.rate:7.0f}  {figures.p99_ms:6.0f}"
            )
    return "\n".join([*lines[1:], ""])


def _scaling(ratios: dict[str, float], share: float) -> str:
    if not ratios:
        return ""
    head = f"Two trackers on PostgreSQL against one, each tracker limited to {share:.0%} of a core:"
    return "\n".join([head, *(f"  {name}: {ratio:.2f}" for name, ratio in ratios.items()), ""])


def _plain(table: Table, ratios: dict[str, float]) -> dict[str, object]:
    columns = {
        column: {
            name: {
                "tracker_ms": round(figures.tracker_ms, 4),
                "database_ms": round(figures.database_ms, 4),
                "rate": round(figures.rate, 1),
                "p99_ms": round(figures.p99_ms, 2),
            }
            for name, figures in rows.items()
        }
        for column, rows in table.items()
    }
    return {**columns, "two : one": ratios}


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load table", description=__doc__)
    parser.add_argument("--workers", type=int, default=8, help="clients at once")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each operation")
    parser.add_argument("--only", default="", help="only the operations whose name holds this")
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument(
        "--share", type=float, default=0.2, help="of a core for each tracker, to compare two"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("--before", type=Path, help="an earlier --json file to compare with")
    return parser.parse_args(arguments)
