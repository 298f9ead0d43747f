"""How much a client has sent and received since it last announced, from the totals it reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

FASTEST = 100 * 10**9 // 8
"""Nobody is believed to send or receive more bytes a second than this, 100 Gbit/s."""


class Traffic(NamedTuple):
    """Bytes sent and received."""

    up: int
    down: int

    def plus(self, other: Traffic) -> Traffic:
        """Return the sum of both."""
        return Traffic(self.up + other.up, self.down + other.down)


NONE = Traffic(0, 0)


def growth(known: Iterable[Traffic], reported: Traffic, seconds: float) -> Traffic:
    """Return what a client has sent and received in the `seconds` since it announced a file.

    `known` are the totals that it reported before, over one address or two. Without any, nothing is
    counted: the totals may be from before a lost connection. A total that went back starts again
    from zero. Growth that isn't plausible is not counted, as totals are only claims.
    """
    before = list(known)
    if not before:
        return NONE
    most = FASTEST * max(seconds, 1.0)
    return Traffic(
        _grown(max(one.up for one in before), reported.up, most),
        _grown(max(one.down for one in before), reported.down, most),
    )


def _grown(before: int, now: int, most: float) -> int:
    grown = now - before if now >= before else now
    return grown if grown <= most else 0
