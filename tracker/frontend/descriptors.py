"""How many file descriptors the system allows, and who gets how many of them."""

from __future__ import annotations

import contextlib
import resource
from dataclasses import dataclass

from tracker.services.reachability import MAX_DIALS

MAX_TURNED_AWAY = 16
"""Connections at a time, of each frontend, that are told why they aren't served."""

_PLENTY = 1 << 20
_PLENTY_BUT_LESS = 10_240  # as much as macOS gives whatever the hard limit says
_DATABASE = 40  # eight connections with their files, and what a writer opens for a moment
_OTHERS = 32  # pipes, listeners, selectors, a certificate that is read
_OWN = MAX_DIALS + 2 * MAX_TURNED_AWAY + _DATABASE + _OTHERS
_MAX_HTTP = 500
_MIN_HTTP = 16
_USUAL_SESSIONS = 1000


class TooFewDescriptorsError(Exception):
    """There are not enough for a tracker; the text says so in one line."""


@dataclass(frozen=True)
class DescriptorBudget:
    """How many connections there may be, so that the descriptors never run out."""

    sessions: int
    http: int


def raise_limit() -> int:
    """Raise the soft limit to the hard one, as far as the system lets us; what it is then."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, _PLENTY, _PLENTY_BUT_LESS):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _PLENTY if soft == resource.RLIM_INFINITY else soft


def share_out(limit: int, asked: int | None) -> DescriptorBudget:
    """Share out `limit` descriptors; `asked` sessions, if the operator asks for a number.

    Raises TooFewDescriptorsError.
    """
    http = max(_MIN_HTTP, min(_MAX_HTTP, (limit - _OWN) // 4))
    left = limit - _OWN - http
    if left < 1:
        raise TooFewDescriptorsError(
            f"the system allows only {limit} open files; allow at least {_OWN + 2 * _MIN_HTTP} "
            "with: ulimit -n"
        )
    return DescriptorBudget(min(left, _USUAL_SESSIONS if asked is None else asked), http)
