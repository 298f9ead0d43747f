"""`python -m benchmarks.warming BYTES`: take memory from the system, use it, and give it back.

On a virtual machine the host provides memory when it is first touched, which can take longer than
the transfer that touches it. A process that uses as much directly before leaves it ready. Not long
before: what lies free is given back to the host, on some machines at once when it is over 1 GiB.
"""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path
from typing import Final

_SPARE: Final = 192 << 20
"""Bytes used besides those of a copy: for the programs of a row."""

_STEP: Final = 1 << 20


def warm_for_copy(content: Path) -> None:
    """Have a process of its own use as much memory as a copy needs, and end.

    Raises CalledProcessError.
    """
    size = content.stat().st_size + _SPARE
    subprocess.run([sys.executable, "-m", __name__, str(size)], check=True)


def use(size: int) -> int:
    """Write `size` bytes of anonymous memory; returns how many were written."""
    chunk = b"\1" * _STEP
    with mmap.mmap(-1, max(size, 1)) as memory:
        while memory.tell() < size:
            memory.write(chunk[: size - memory.tell()])
        return memory.tell()


if __name__ == "__main__":
    use(int(sys.argv[1]))
