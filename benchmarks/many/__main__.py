"""`python -m benchmarks.many 5000`: what a client with so many shares costs.

Measured are a client without any transfer, one with N unchanged shares that nobody downloads, and
the same while it also downloads M files from another client, slowly, each from a connection of its
own. A row has the seconds from the start of the program until everything is shared, until the
tracker knows of all, and until the client is at rest; from then on, the processor time in percent
of a core; memory that is not file cache, threads, descriptors, and the time of what the prompt asks
for twice a second (overview) and of what the page shows (page).
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

from benchmarks.load.cpu import cpu_seconds
from benchmarks.meter import anonymous_memory
from tests.support.closing import Closing
from tests.support.content import make_file, make_sparse_file
from tests.support.ports import free_port
from tests.support.programs.processes import ManagedProcess, TrackerProcess, write_tracker_info
from tests.support.waiting import wait_until

KIB, MIB = 1 << 10, 1 << 20
GROUP = "lab"
_LIMIT = 3600.0
_AT_REST = 0.01
"""Of a core, in one moment: what a client may take that has nothing to do."""

_MOMENT = 1.0
_SHARED = 4 * KIB
_DOWNLOADED = 64 * MIB


class Bulk(ManagedProcess):
    """A client of `benchmarks.many.client`."""

    def __init__(self, folder: Path, tracker: TrackerProcess) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        info = write_tracker_info(folder / "tracker_info.txt", [tracker.address])
        address = f"127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "benchmarks.many.client"]
        super().__init__([*command, address, str(info), str(folder / "state")])

    def ask(self, *words: object) -> Any:
        """Have it carry out a command; return its answer."""
        self.send(" ".join(map(str, words)))
        answer = self.output.next(_LIMIT)
        assert answer is not None, self.story()
        return json.loads(answer)


class Row(NamedTuple):
    """What a client in some state costs; see the module. Bytes, and seconds, at rest a share."""

    name: str
    start: float
    announced: float
    rested: float
    cpu: float
    memory: int
    measured: dict[str, Any]

    def line(self) -> str:
        """Return it as a line of the table."""
        one = self.measured
        return (
            f"{self.name:<28}{self.start:>8.2f}{self.announced:>11.2f}{self.rested:>9.2f}"
            f"{100 * self.cpu:>8.2f}{self.memory / MIB:>9.1f}{one['threads']:>9}"
            f"{one['descriptors']:>13}{1000 * one['overview']:>13.2f}{1000 * one['page']:>9.2f}"
        )


HEAD = (
    f"{'':<28}{'start s':>8}{'announced':>11}{'at rest':>9}{'CPU %':>8}{'MiB':>9}{'threads':>9}"
    f"{'descriptors':>13}{'overview ms':>13}{'page ms':>9}"
)


class Bench(Closing):
    """A tracker, the client that is measured, and another one that serves it."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._tracker = self._stack.enter_context(TrackerProcess(self._folder / "tracker"))
        self._ann, self._bob = (Bulk(self._folder / name, self._tracker) for name in ("ann", "bob"))
        for client in (self._ann, self._bob):
            self._stack.enter_context(client)
        self._ann.ask("sign_in", "ann")
        self._ann.ask("create_group", GROUP)
        self._bob.ask("sign_in", "bob")
        self._bob.ask("join", GROUP)
        self._ann.ask("accept", GROUP, "bob")
        return self

    def close(self) -> None:
        """End the clients and the tracker."""
        self._stack.close()

    def run(self, shares: int, active: int, rate: int) -> list[Row]:
        """Measure; returns the rows."""
        rows = [self._resting("no shares", 0)]
        self._share(shares)
        rows.append(self._resting(f"{shares:,} shares", shares))
        if active:
            self._download(active, rate)
            began = rows[-1]
            times = began.start, began.announced, began.rested
            rows.append(self._row(f"... {active} downloads", *times))
        return rows

    def _resting(self, name: str, shares: int) -> Row:
        """Start the client again and measure it at rest."""
        self._ann.terminate(_LIMIT)
        began = time.perf_counter()
        self._ann.start()
        self._ann.ask("login", "ann")
        self._ann.ask("seeding", shares)
        start = time.perf_counter() - began
        wait_until(lambda: self._announced() >= shares, _LIMIT, "all to be announced")
        announced = time.perf_counter() - began
        wait_until(lambda: self._load(_MOMENT) < _AT_REST, _LIMIT, "it to come to rest")
        return self._row(name, start, announced, time.perf_counter() - began - _MOMENT)

    def _load(self, seconds: float) -> float:
        """Return the processor time that the client takes in so many seconds, over these."""
        before, began = cpu_seconds(self._ann.pid), time.perf_counter()
        time.sleep(seconds)
        return (cpu_seconds(self._ann.pid) - before) / (time.perf_counter() - began)

    def _row(self, name: str, start: float, announced: float, rested: float) -> Row:
        cpu = self._load(self._seconds)
        memory = anonymous_memory(self._ann.pid)
        row = Row(name, start, announced, rested, cpu, memory, self._ann.ask("measure"))
        print(row.line(), flush=True)
        return row

    def _announced(self) -> int:
        """Return how many files the tracker knows to be shared by the measured client."""
        with sqlite3.connect(self._tracker.folder / "tracker.db") as database:
            query = "SELECT count(*) FROM peers JOIN users ON users.id = user_id WHERE name = 'ann'"
            return int(database.execute(query).fetchone()[0])

    def _share(self, shares: int) -> None:
        folder = self._folder / "shared"
        for number in range(shares):
            make_file(folder / f"file-{number:06}", _SHARED, number)
        self._ann.ask("share", GROUP, folder)

    def _download(self, active: int, rate: int) -> None:
        folder = self._folder / "offered"
        folder.mkdir()
        names = [f"offered-{number:04}" for number in range(active)]
        for number, name in enumerate(names):
            make_sparse_file(folder / name, _DOWNLOADED, number)
        self._bob.ask("share", GROUP, folder)
        self._ann.ask("limit", rate)
        target = self._folder / "copies"
        target.mkdir()
        self._ann.ask("download", GROUP, target, *names)
        self._ann.ask("receiving", active)


def report(rows: Sequence[Row], shares: int) -> None:
    """Print what one idle share costs."""
    empty, full = rows[:2]
    memory = (full.memory - empty.memory) / shares
    cpu = (full.cpu - empty.cpu) / shares
    print(f"one idle share: {memory / KIB:.2f} KiB, {100 * cpu:.6f} % of a core")
    for row in rows:
        print(f"threads, {row.name}: {row.measured['thread_names']}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many", description=__doc__)
    parser.add_argument("shares", type=int, metavar="N", nargs="?", default=5000)
    parser.add_argument("--active", type=int, default=200, metavar="M")
    parser.add_argument("--rate", type=int, default=2 * MIB, help="of all downloads, bytes/s")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each measurement")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="minitorrent-bench-") as folder,
        Bench(Path(folder), options.seconds) as bench,
    ):
        print(HEAD)
        report(bench.run(options.shares, options.active, options.rate), options.shares)


if __name__ == "__main__":
    main()
