"""How long to wait for a tracker that is busy or away, so that not all clients return at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from common.errors import MinitorrentError

_LONGEST: Final = 120.0
"""Seconds; a tracker that asks for more is asked again anyway."""

Uniform = Callable[[float, float], float]
"""Returns a random number between two."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How soon a lost tracker is dialled again, in seconds."""

    first_pause: float = 0.5
    longest_pause: float = 8.0
    """Between rounds over all trackers while none answers; the pause doubles from the first.

    Each is up to a half shorter, or as long as a busy tracker asks for.
    """
    busy_patience: float = 30.0
    """How long a call is repeated in all while the tracker is busy."""
    steady: float = 1.0
    """How long a connection has to hold before its tracker counts as working: a tracker that
    drops every connection must neither keep us from trying the others nor be dialled endlessly."""


USUAL: Final = RetryPolicy()


def busy_pause(error: MinitorrentError, uniform: Uniform = random.uniform) -> float | None:
    """Return how many seconds to wait before repeating what the tracker refused.

    None: repeating won't help. It is at least what the tracker asks for, and at most half as long
    again.
    """
    if error.retry_after is None:
        return None
    return min(error.retry_after, _LONGEST) * uniform(1.0, 1.5)


def spread(pause: float, uniform: Uniform = random.uniform) -> float:
    """Return a pause up to a half shorter, so that many clients don't dial at the same moment."""
    return pause * uniform(0.5, 1.0)
