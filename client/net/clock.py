"""A clock that can't be set and that continues while the machine sleeps."""

from __future__ import annotations

import time
from typing import Final

_WITH_SLEEP: Final = getattr(time, "CLOCK_BOOTTIME", None)  # exists on Linux only


def steady() -> float:
    """Return seconds since some fixed moment; setting the machine's clock doesn't change it.

    On Linux `time.monotonic` stops while the machine sleeps, and certificates don't.
    """
    return time.monotonic() if _WITH_SLEEP is None else time.clock_gettime(_WITH_SLEEP)
