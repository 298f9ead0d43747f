"""`python -m benchmarks.warming BYTES`: take memory from the system, use it, and give it back.

On a virtual machine the host provides memory when it is first touched, which can take longer than
the transfer that touches it. A process that uses as much directly before leaves it ready.
"""

from __future__ import annotations

import mmap
import subprocess
import sys
from typing import Final

_STEP: Final = 1 << 20


def warm(size: int) -> None:
    """Have a process of its own use `size` bytes, and end; raises CalledProcessError."""
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
