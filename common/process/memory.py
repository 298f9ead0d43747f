"""Memory for large buffers."""

from __future__ import annotations

import mmap
from typing import Final

START: Final = 64
"""Where buffers start in their first page.

On AMD processors the kernel copies up to five times slower to an address that lies 1 to 31 bytes
behind its source modulo the page size, which is where large bytearrays start.
"""


def allocate(size: int) -> memoryview:
    """Return `size` bytes of new memory (zeros), whose pages the system gives on first use.

    It is private: shared memory, which Python maps unless told otherwise, isn't counted as the
    process's own.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    return memoryview(mmap.mmap(-1, START + size, flags=flags))[START:]
