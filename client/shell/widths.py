"""Text cut and padded to columns of a terminal. Pure."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from itertools import accumulate

_JOINERS = "\u200c\u200d"
"""Invisible characters that ordinary words and emoji need."""


def bar(share: float, width: int, *, unicode: bool) -> str:
    """A bar `width` columns wide, filled up to `share` (0 to 1)."""
    filled = int(min(max(share, 0.0), 1.0) * width)
    full, empty = ("█", "░") if unicode else ("#", ".")
    return full * filled + empty * (width - filled)


def cell_width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(char: str) -> int:
    if unicodedata.combining(char) or char in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, width: int) -> str:
    """`text` with blanks after it, up to `width` columns."""
    return text + " " * (width - cell_width(text))


def shorten(text: str, width: int, *, unicode: bool) -> str:
    """At most `width` columns of a name; what is cut is its middle, as endings tell much."""
    if cell_width(text) <= width:
        return text
    gap = "…" if unicode else "..."
    keep = max(0, width - len(gap))
    tail = _first_columns(text[::-1], keep // 2)[::-1]
    head = _first_columns(text, keep - cell_width(tail))
    return f"{head}{gap}{tail}" if width > len(gap) else gap[:width]


def _first_columns(text: str, width: int) -> str:
    ends = list(accumulate(map(_width, text)))
    return text[: bisect_right(ends, width)]
