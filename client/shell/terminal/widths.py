"""Pads and shortens text to a number of terminal columns. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

_JOINERS = "\u200c\u200d"
"""Invisible characters that ordinary words and emoji need."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def bar(share: float, width: int, *, unicode: bool) -> str:
    """Return a bar of `width` columns, filled up to `share` (0 to 1)."""
    filled = int(min(max(share, 0.0), 1.0) * width)
    full, empty = ("█", "░") if unicode else ("#", ".")
    return full * filled + empty * (width - filled)


def cell_width(text: str) -> int:
    """Return the number of terminal columns that `text` occupies."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(char: str) -> int:
    if unicodedata.combining(char) or char in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def rows_of(line: str, columns: int) -> int:
    """Return how many rows of a terminal a line fills, whatever its colours."""
    return max(1, -(-cell_width(_COLOUR.sub("", line)) // columns))


def pad(text: str, width: int) -> str:
    """Pad `text` with trailing blanks to `width` columns."""
    return text + " " * (width - cell_width(text))


def shorten(text: str, width: int, *, unicode: bool) -> str:
    """Shorten a name to `width` columns by cutting its middle, because its end is informative."""
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
