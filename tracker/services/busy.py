"""The answer of a tracker that has too much to do."""

from __future__ import annotations

from common.errors import ErrorCode, MinitorrentError
from common.text import waiting_time


def tracker_busy(retry_after: float) -> MinitorrentError:
    """Return the error for a request that was turned away; nothing was done."""
    sentence = f"The tracker is busy; try again in {waiting_time(retry_after)}."
    return MinitorrentError(ErrorCode.BUSY, sentence, retry_after)
