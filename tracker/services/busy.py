"""The answer of a tracker that has too much to do."""

from __future__ import annotations

import math

from common.api import accounts
from common.errors import ErrorCode, MinitorrentError
from common.text import waiting_time

LATE_SECONDS = 3.0
"""A request that has waited longer for its turn is turned away."""

_LONGEST_PAUSE = 30.0  # seconds after which to ask again, at most
_CHEAP = frozenset({accounts.PING.name, accounts.LOGOUT.name})


def refuse_late(waited: float, operation: str = "") -> None:
    """Raise MinitorrentError(busy) for a request that has `waited` too long, in seconds.

    Not for those that cost no more than the refusal, or that a client can't repeat.
    """
    if waited > LATE_SECONDS and operation not in _CHEAP:
        raise tracker_busy(min(float(math.ceil(2 * waited)), _LONGEST_PAUSE))


def tracker_busy(retry_after: float) -> MinitorrentError:
    """Return the error for a request that was turned away; nothing was done."""
    sentence = f"The tracker is busy; try again in {waiting_time(retry_after)}."
    return MinitorrentError(ErrorCode.BUSY, sentence, retry_after)
