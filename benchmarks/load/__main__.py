"""`python -m benchmarks.load [table|growth|faults]`: see each with --help."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from benchmarks.load import faults, growth, table

_PARTS: dict[str, Callable[[Sequence[str]], int]] = {
    "table": table.main,
    "growth": growth.main,
    "faults": faults.main,
}


def main(arguments: list[str]) -> int:
    """Run the part that the first argument names; the table without one."""
    name = arguments[0] if arguments and arguments[0] in _PARTS else "table"
    return _PARTS[name](arguments[arguments[:1] == [name] :])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
