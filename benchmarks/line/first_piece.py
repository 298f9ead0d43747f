"""`python -m benchmarks.line.first_piece`: seconds and round trips until the first piece is here.

Each time on a new line, with a tracker and a seeder at its far end and a client at the near one
that has just started: from `download_file` until the first 16 KiB are verified; in an open group
and in a sealed one. Needs root.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.line.measure import share
from benchmarks.line.networks import End, line, obstacle
from benchmarks.line.shape import MEGABIT, Shape
from benchmarks.ours import LIMIT
from tests.support.content import make_file
from tests.support.programs.lab import GROUP, Lab
from tests.support.waiting import wait_until

_SIZE: Final = 1 << 20
"""Bytes of a file with short pieces (16 KiB): the first arrives before TCP has become quick."""


def first_piece(near: End, far: End, folder: Path, *, is_open: bool) -> float:
    """Return the seconds until the first piece, with a new client."""
    folder.mkdir()
    with far.entered(), Lab(folder, host=far.host, is_open=is_open) as lab:
        lab.member("seeder")
        content = make_file(folder / "small.bin", _SIZE)
        share(lab, content)
        with near.entered():
            leecher = lab.member("leecher", host=near.host)
        began = time.perf_counter()
        leecher.ok("download_file", GROUP, content.name, f"{folder}/copies/")
        wait_until(lambda: leecher.transfer(GROUP, content.name)["done"], LIMIT, interval=0.002)
        return time.perf_counter() - began


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.line.first_piece")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--round-trip", type=float, default=0.05, help="seconds")
    options = parser.parse_args()
    missing = obstacle()
    if missing:
        parser.exit(1, f"{missing}\n")
    shape = Shape(options.round_trip, 200 * MEGABIT)
    for kind in ("open", "sealed"):
        found = []
        for number in range(options.times):
            with tempfile.TemporaryDirectory() as folder, line(shape) as (near, far):
                work = Path(folder) / str(number)
                found.append(first_piece(near, far, work, is_open=kind == "open"))
        trips = [seconds / shape.round_trip for seconds in found]
        each = " ".join(f"{one:.1f}" for one in trips)
        print(f"{kind}: {statistics.median(trips):.2f} round trips of {shape} ({each})")


if __name__ == "__main__":
    main()
