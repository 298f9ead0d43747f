"""`python -m benchmarks.limits`: the accuracy of rate limits, and how evenly peers share them.

One seeder or three, one downloader or three, a tracker, all real processes. What counts is payload
as the downloader counts it, over ten seconds, once everybody is at work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support.content import make_sparse_file
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

MIB = 1 << 20
TOLERANCE = 0.03
MEMBERS = ("ann", "bob", "cat", "dan")
_WARM_UP = 2.0  # seconds; blocks requested before the limit was set still arrive
_LIMIT = 60.0  # seconds for everybody to begin


@dataclass(frozen=True)
class Measured:
    """A limit in bytes a second, and the bytes that each party transferred under it."""

    what: str
    limit: float
    shares: Sequence[float]

    @property
    def error(self) -> float:
        """The relative deviation of the sum from the limit."""
        return sum(self.shares) / self.limit - 1

    @property
    def unevenness(self) -> float:
        """The largest relative deviation of a share from an even one."""
        even = sum(self.shares) / len(self.shares)
        return max(abs(share / even - 1) for share in self.shares)

    def line(self) -> str:
        """One line of the report."""
        fair = f", shares within {self.unevenness:.1%} of even" if len(self.shares) > 1 else ""
        rate = sum(self.shares) / MIB
        return f"{self.what:<44} {self.limit / MIB:.2f} MiB/s: {rate:.3f} ({self.error:+.2%}){fair}"


class Bench:
    """Four members of a group; each measurement uses new files."""

    def __init__(self, lab: Lab, rate: int, seconds: float) -> None:
        self._ann, self._bob, self._cat, self._dan = (lab.member(name) for name in MEMBERS)
        self._folder = lab.folder
        self._rate = rate
        self._seconds = seconds
        self._files = 0

    def run(self) -> Iterator[Measured]:
        """Run all measurements, one after the other."""
        yield from self._of_a_client("up", self._ann)
        yield from self._of_a_client("down", self._bob)
        yield self._between_downloaders()
        yield self._between_seeders()

    def _of_a_client(self, direction: str, client: ClientProcess) -> Iterator[Measured]:
        """Two transfers under the limit of one side, then one of them under its own besides."""
        names = [self._share(), self._share()]
        with self._limited(client, direction), self._downloading(*[(self._bob, n) for n in names]):
            counts = [partial(came, self._bob, name) for name in names]
            shares = self._rates(counts)
            yield Measured(f"{direction}, the client, two transfers", self._rate, shares)
            quarter = self._rate // 4
            client.ok("limit", direction, str(quarter), GROUP, names[0])
            rates = self._rates(counts)
            yield Measured(f"{direction}, one of them has its own limit", quarter, rates[:1])
            yield Measured(f"{direction}, both together then", self._rate, [sum(rates)])

    def _between_downloaders(self) -> Measured:
        who = [self._bob, self._cat, self._dan]
        work = [(client, self._share()) for client in who]
        with self._limited(self._ann, "up"), self._downloading(*work):
            shares = self._rates([partial(came, *one) for one in work])
        return Measured("up, three peers", self._rate, shares)

    def _between_seeders(self) -> Measured:
        name = self._share()
        with (
            self._downloading((self._cat, name), (self._dan, name)),
            self._limited(self._bob, "down"),
        ):
            for client in (self._cat, self._dan):
                client.wait_complete(GROUP, name)
            with self._downloading((self._bob, name)):
                users = ("ann", "cat", "dan")
                shares = self._rates([partial(came, self._bob, name, user) for user in users])
        return Measured("down, three peers", self._rate, shares)

    # --- setting up -------------------------------------------------------------------------
    def _share(self) -> str:
        """Share a new file of ann's, long enough for a measurement; return its name."""
        self._files += 1
        name = f"file-{self._files}"
        size = int(self._rate * (3 * self._seconds + 10 * _WARM_UP))
        self._ann.ok("upload_file", str(make_sparse_file(self._folder / name, size)), GROUP)
        return name

    @contextmanager
    def _limited(self, client: ClientProcess, direction: str) -> Iterator[None]:
        client.ok("limit", direction, str(self._rate))
        yield
        client.ok("limit", direction, "0")

    @contextmanager
    def _downloading(self, *work: tuple[ClientProcess, str]) -> Iterator[None]:
        """Let clients download, and remove the transfers at the end."""
        for client, name in work:
            client.ok("download_file", GROUP, name, f"{client.folder}/copies/")
        yield
        for client, name in work:
            is_complete = client.transfer(GROUP, name)["state"] == "seeding"
            client.ok("stop_share" if is_complete else "cancel", GROUP, name)
            (client.folder / "copies" / name).unlink(missing_ok=True)

    def _rates(self, counts: Sequence[Callable[[], int]]) -> list[float]:
        """Return the bytes a second by which each count grows."""
        wait_until(lambda: all(count() for count in counts), _LIMIT, "everybody to begin")
        time.sleep(_WARM_UP)
        before = [(count(), time.perf_counter()) for count in counts]
        time.sleep(self._seconds)
        after = [(count(), time.perf_counter()) for count in counts]
        return [(y - x) / (t - s) for (x, s), (y, t) in zip(before, after, strict=True)]


def came(client: ClientProcess, name: str, user: str | None = None) -> int:
    """Return the payload bytes of a file that a client has received, from one user or all."""
    rows = client.ok("peers", GROUP, name)["peers"]
    return sum(int(row["downloaded"]) for row in rows if user in (None, row["user"]))


def main() -> None:
    """Measure and print; fail if a limit is missed by more than TOLERANCE."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=4 * MIB, help="bytes a second")
    parser.add_argument("--open", action="store_true", help="in an open group, without TLS")
    options = parser.parse_args()
    worst = 0.0
    with (
        tempfile.TemporaryDirectory(prefix="minitorrent-bench-") as folder,
        Lab(Path(folder), is_open=options.open) as lab,
    ):
        for measured in Bench(lab, options.rate, options.seconds).run():
            print(measured.line(), flush=True)
            worst = max(worst, abs(measured.error))
    print(f"worst: {worst:.2%} off the limit, over {options.seconds:g} s each")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
