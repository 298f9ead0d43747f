"""A clock that nobody sets and that goes on while the machine sleeps."""

from __future__ import annotations

import time
from typing import Final

_WITH_SLEEP: Final = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; others have no such clock


def steady() -> float:
    """Seconds since some moment. Setting the machine's clock does not change it.

    `time.monotonic` stops on Linux while the machine sleeps, and certificates don't.
    """
    return time.monotonic() if _WITH_SLEEP is None else time.clock_gettime(_WITH_SLEEP)
