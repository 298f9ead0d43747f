"""Run the tests that failed in the last run again, alone: `python -m tests.alone`.

What failed beside others on a busy machine and passes alone is reported, and doesn't count as a
failure, as in CPython's own test runner. It is a race to be looked into, in the test or in the
product. More than a few failures are no coincidence: then nothing is run again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_RECORD = Path(__file__).parents[1] / ".pytest_cache" / "v" / "cache" / "lastfailed"
MOST = 3
"""Failures that may be races."""


def main() -> int:
    """Return the exit status: 0 if every test that failed passes alone."""
    try:
        failed = sorted(json.loads(_RECORD.read_text()))
    except (OSError, ValueError):
        return 1
    # A file that can't even be collected has no test's name.
    if not 0 < len(failed) <= MOST or not all("::" in name for name in failed):
        return 1
    for name in failed:
        sys.stderr.write(f"\nFAILED beside other tests, runs again alone: {name}\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
        if subprocess.run(command).returncode:
            return 1
    lines = ["\nFAILED beside other tests, passed alone; look for a race:", *failed]
    sys.stderr.write("\n  ".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
