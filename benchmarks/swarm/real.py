"""`python -m benchmarks.swarm.real`: a crowd of real clients, beside the simulation of the same.

A seeder and the downloaders are processes of their own on loopback, in a sealed group, each with a
limit on uploads; all begin to download at the same moment.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.swarm.scenarios import UPLOAD, Scenario
from benchmarks.swarm.simulated import Run
from common.geometry import choose_piece_length
from common.types import BLOCK_SIZE
from tests.support.content import make_file
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess

MIB = 1024**2
LIMIT = 900.0
"""Seconds that the crowd may take."""


def main() -> None:
    """Measure both, and print how far they are apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swarm.real", description=__doc__)
    parser.add_argument("--leechers", type=int, default=15)
    parser.add_argument("--size", type=int, default=16, help="of the file, in MiB")
    arguments = parser.parse_args()
    size = arguments.size * MIB
    piece_length = choose_piece_length(size)
    scenario = Scenario(
        "real",
        arguments.leechers,
        latency=0.001,
        pieces=size // piece_length,
        blocks=piece_length // BLOCK_SIZE,
    )
    run = Run(scenario, seed=1)
    simulated = run.outcome().last
    with tempfile.TemporaryDirectory(prefix="minitorrent-crowd-") as folder:
        seconds = _measure(Path(folder), size, arguments.leechers)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = (usage.ru_utime + usage.ru_stime) / seconds / (os.cpu_count() or 1)
    measured = seconds / run.bound
    print(
        f"{scenario.pieces} pieces of {piece_length // 1024} KiB, {arguments.leechers} downloaders"
    )
    print(f"simulated {simulated:.2f}, real {measured:.2f} x the bound of {run.bound:.0f} s")
    print(f"real / simulated {measured / simulated:.2f}, processors busy {busy:.0%}")


def _measure(folder: Path, size: int, leechers: int) -> float:
    """Return the seconds until the last real client has the file."""
    content = make_file(folder / "content" / "content.bin", size)
    with Lab(folder) as lab, ThreadPoolExecutor(leechers) as pool:
        seeder = lab.member("seeder")
        seeder.ok("limit", "up", str(int(UPLOAD)))
        seeder.ok("upload_file", str(content), GROUP, timeout=LIMIT)
        crowd = [lab.member(f"leecher{number}") for number in range(leechers)]
        for member in crowd:
            member.ok("limit", "up", str(int(UPLOAD)))

        def download(member: ClientProcess) -> None:
            member.ok("download_file", GROUP, content.name, str(member.folder), timeout=LIMIT)
            result = member.ok("wait", timeout=LIMIT)
            assert not result["failed"], result

        started = time.monotonic()
        list(pool.map(download, crowd))
        return time.monotonic() - started


if __name__ == "__main__":
    main()
