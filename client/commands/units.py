"""Sizes, rates and times as people read them, and names that are safe to print. Pure."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from itertools import accumulate

from common.text import visible

__all__ = [
    "bar",
    "columns",
    "count",
    "duration",
    "pad",
    "percent",
    "rate",
    "shorten",
    "size",
    "visible",
]

_STEPS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_JOINERS = "\u200c\u200d"
"""Invisible characters that ordinary words and emoji need."""


def size(count: float) -> str:
    """Bytes, in the largest unit that leaves at least one; three digits where there is a point."""
    value, step = float(count), 0
    while value >= 999.5 and step < len(_STEPS) - 1:
        value, step = value / 1024, step + 1
    if step == 0:
        return f"{value:.0f} B"
    return f"{value:.2f} {_STEPS[step]}" if value < 9.995 else f"{value:.3g} {_STEPS[step]}"


def rate(bytes_a_second: float) -> str:
    """Bytes a second."""
    return f"{size(bytes_a_second)}/s"


def duration(seconds: float) -> str:
    """A span of time in its two largest units."""
    whole = max(0, round(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d{hour:02}h"
    if hours:
        return f"{hours}h{minute:02}m"
    return f"{minutes}m{second:02}s" if minutes else f"{second}s"


def percent(share: float) -> str:
    """A share from 0 to 1; 100 % only when it is all."""
    return "100%" if share >= 1 else f"{min(share * 100, 99.9):.1f}%"


def count(number: int, noun: str) -> str:
    """A number with its noun, `1 piece` or `2 pieces`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def bar(share: float, width: int, *, unicode: bool) -> str:
    """A bar `width` columns wide, filled up to `share` (0 to 1)."""
    filled = int(min(max(share, 0.0), 1.0) * width)
    full, empty = ("█", "░") if unicode else ("#", ".")
    return full * filled + empty * (width - filled)


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char) or char in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, width: int) -> str:
    """`text` with blanks after it, up to `width` columns."""
    return text + " " * (width - columns(text))


def shorten(text: str, width: int, *, unicode: bool) -> str:
    """At most `width` columns of a name; what is cut is its middle, as endings tell much."""
    if columns(text) <= width:
        return text
    gap = "…" if unicode else "..."
    keep = max(0, width - len(gap))
    tail = _first_columns(text[::-1], keep // 2)[::-1]
    head = _first_columns(text, keep - columns(tail))
    return f"{head}{gap}{tail}" if width > len(gap) else gap[:width]


def _first_columns(text: str, width: int) -> str:
    ends = list(accumulate(map(_columns, text)))
    return text[: bisect_right(ends, width)]
