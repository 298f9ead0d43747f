"""How much a client has sent and received since its last announce, from the totals it reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

FASTEST = 100 * 10**9 // 8
LONGEST = 600
"""Nobody is believed to send more than this many bytes a second, for so many seconds: the longest
time between two announces of most clients.
"""

_COPIES_SENT = 200
"""The copies of a file that a client may send between two announces: each names so many peers."""

_COPIES_RECEIVED = 2
"""One copy, and what had to be received again."""


class Traffic(NamedTuple):
    """Bytes sent and received."""

    up: int
    down: int


def growth(known: Iterable[Traffic], reported: Traffic, size: int) -> Traffic:
    """Return what a client has sent and received of a file of `size` bytes since it announced it.

    `known` are the totals that the same client reported before, over one address or two. Without
    any, nothing is counted: they may be from before a lost connection. A total that went back
    starts again from zero. Growth beyond what is plausible is not counted, as totals are claims.
    """
    before = list(known)
    if not before:
        return Traffic(0, 0)
    up = _grown(max(one.up for one in before), reported.up, _COPIES_SENT * size)
    down = _grown(max(one.down for one in before), reported.down, _COPIES_RECEIVED * size)
    return Traffic(up, down)


def _grown(before: int, now: int, most: int) -> int:
    grown = now - before if now >= before else now
    return grown if grown <= min(most, FASTEST * LONGEST) else 0
