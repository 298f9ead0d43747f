"""Run the tracker's tests on a temporary PostgreSQL server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.postgres.server import VARIABLE, Server, programs

_USUAL = ("-n", "2", "--dist", "loadfile", "tests/postgres", "tests/integration/tracker")


def main(arguments: list[str]) -> int:
    """Pass `arguments` to pytest; return its exit status, or 0 without PostgreSQL."""
    found = programs()
    if found is None:
        sys.stderr.write("skipped: no PostgreSQL 15 or later is here (Debian: postgresql)\n")
        return 0
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    with Server(found) as server:
        command = [sys.executable, "-m", "pytest", *(arguments or _USUAL)]
        return subprocess.run(command, env={**os.environ, VARIABLE: server.url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
