"""How long to wait for a tracker that is busy or away, so that not all return at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from common.errors import MinitorrentError

_LONGEST: Final = 120.0
"""Seconds; a tracker that asks for more is asked again anyway."""

Uniform = Callable[[float, float], float]
"""Returns a random number between two."""


def busy_pause(error: MinitorrentError, uniform: Uniform = random.uniform) -> float | None:
    """Return the seconds after which to repeat what the tracker refused; None: it would not help.

    That is at least what the tracker asks for, and up to half as long again.
    """
    if error.retry_after is None:
        return None
    return min(error.retry_after, _LONGEST) * uniform(1.0, 1.5)


def spread(pause: float, uniform: Uniform = random.uniform) -> float:
    """Return a pause up to a half shorter, so that many clients don't dial at the same moment."""
    return pause * uniform(0.5, 1.0)
