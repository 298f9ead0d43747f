"""Run tests on PostgreSQL only: those of the tracker, or the given ones."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.postgres.server import programs
from tests.support.databases.database import VARIABLE

_USUAL = ("-n", "2", "--dist", "loadfile", "tests/postgres", "tests/integration/tracker")


def main(arguments: list[str]) -> int:
    """Pass `arguments` to pytest; return its exit status, or 0 without PostgreSQL."""
    if programs() is None:
        sys.stderr.write("skipped: no PostgreSQL 15 or later is here (Debian: postgresql)\n")
        return 0
    command = [sys.executable, "-m", "pytest", *(arguments or _USUAL)]
    return subprocess.run(command, env={**os.environ, VARIABLE: "postgresql"}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
