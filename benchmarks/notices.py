"""`python -m benchmarks.notices`: the time until an admin sees a join request at another tracker.

Two trackers on one database, a client at each, all real processes. Timed from the moment when
`join_group` is given to one client until its line is on the other's screen.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess

_LIMIT = 30.0  # seconds
_LONGEST_PAUSE = 0.3  # seconds; so that requests fall anywhere between two looks of a tracker


def measure(folder: Path, count: int) -> Iterator[float]:
    """Return the seconds that each of `count` requests took."""
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(folder))
        admin = lab.member("admin")
        lab.trackers = [lab.second_tracker()]
        asker = lab.outsider("asker")
        for _ in range(count):
            time.sleep(random.uniform(0.0, _LONGEST_PAUSE))
            started = time.perf_counter()
            asker.ok("join_group", GROUP)
            _wait_for_request(admin)
            yield time.perf_counter() - started
            admin.ok("reject_request", GROUP, "asker")


def _wait_for_request(admin: ClientProcess) -> None:
    deadline = time.monotonic() + _LIMIT
    while (left := deadline - time.monotonic()) > 0:
        line = admin.errors.next(left)
        if line is not None and "asker asks to join" in line:
            return
    raise AssertionError(f"the request did not show in {_LIMIT:g} s\n{admin.story()}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notices", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="minitorrent-bench-") as folder:
        taken = sorted(measure(Path(folder), count))
    p99 = taken[-1 - len(taken) // 100]
    print(
        f"{count} requests, seconds until seen at the other tracker: "
        f"median {median(taken):.3f}, p99 {p99:.3f}, slowest {taken[-1]:.3f}"
    )
    sys.exit(p99 >= 1.0)


if __name__ == "__main__":
    main()
