"""Format quantities for people, and make untrusted text safe for a terminal or a log. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import MutableMapping, Sequence
from datetime import datetime
from typing import Any, Final

LONGEST_MESSAGE: Final = 1000
"""Most characters of an untrusted sentence that are shown."""

LONGEST_VALUE: Final = 4000
"""Most characters of one value in a log, or of one name on screen."""

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})
"""Categories of characters that control a terminal, change the writing direction, are invisible,
end a line, or have no meaning.
"""

_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Invisible letters and marks."""

_JOINERS: Final = "\u200c\u200d"
"""Invisible characters that ordinary words and emoji need, one at a time."""

_MOST_MARKS: Final = 6
"""Most combining marks on one letter; more would reach into other lines."""

_COLOUR: Final = re.compile(r"(\n|\x1b\[[0-9;]{0,8}m)")
"""What our own output contains besides text: newlines and colours."""

_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: float) -> str:
    """Return a number of bytes in the unit that leaves 1 to 999, such as `1.4 MiB`.

    Below 100 it has one decimal, except in B.
    """
    value, step = float(count), 0
    while value >= 999.5 and step < len(_UNITS) - 1:
        value, step = value / 1024, step + 1
    has_decimal = step > 0 and value < 99.95
    return f"{value:.{1 if has_decimal else 0}f} {_UNITS[step]}"


def rate(bytes_a_second: float) -> str:
    """Return bytes per second as text, such as `3.0 MiB/s`."""
    return f"{size(bytes_a_second)}/s"


def duration(seconds: float) -> str:
    """Return a span of time in its two largest units, such as `2 min 10 s`; `0 s` if negative."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = ((days, "d"), (hour, "h"), (minute, "min"), (second, "s"))
    first = next((n for n, (value, _) in enumerate(parts) if value), 3)
    shown = [f"{value} {unit}" for value, unit in parts[first : first + 2] if value]
    return " ".join(shown) or "0 s"


def waiting_time(seconds: float) -> str:
    """Return a time to wait, like `duration` but rounded up, so that waiting that long suffices."""
    whole = math.ceil(seconds)
    unit = 1 if whole < _HOUR else 60 if whole < _DAY else _HOUR
    return duration(math.ceil(whole / unit) * unit)


def local_time(at: str) -> str:
    """Return an ISO 8601 time in the reader's own zone, to the second: `2026-01-31 14:05:09`.

    Other text is returned unchanged.
    """
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return at


def percent(share: float) -> str:
    """Return a share from 0 to 1 as a percentage; `100%` only for the whole."""
    return "100%" if share >= 1 else f"{min(share * 100, 99.9):.1f}%"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 piece`, `2 pieces`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Sequence[str]) -> str:
    """Return "a", "a and b", or "a, b and c"."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def visible(text: str) -> str:
    """Escape everything in `text` that could control a terminal or can't be seen.

    That is: control characters, marks that change the writing direction, other invisible
    characters, newlines, bytes that are not text, and excessive combining marks. Harmless text is
    returned unchanged.
    """
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks, joined = 0, False
    for char in text:
        category = unicodedata.category(char)
        is_joiner = char in _JOINERS
        marks = marks + 1 if category[0] == "M" else 0
        if is_joiner:
            bad = joined or not shown
        else:
            bad = category in _HIDDEN or char in _FILLERS or marks > _MOST_MARKS
        joined = is_joiner
        shown.append(_escaped(char) if bad else char)
    return "".join(shown)


def harmless(text: str, most: int = LONGEST_MESSAGE) -> str:
    """Return at most `most` characters of `visible` text, noting the full length if cut."""
    if len(text) <= most:
        return visible(text)
    return f"{visible(text[:most])}... ({len(text)} characters)"


def guarded(text: str) -> str:
    """Escape our own output so that only its newlines and colours reach a terminal.

    This is a last guard: names in it should already be `visible`.
    """
    if text.isascii() and text.isprintable():
        return text
    parts = _COLOUR.split(text)  # every second part is a separator of ours
    parts[::2] = map(visible, parts[::2])
    return "".join(parts)


def harmless_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Make the values of a log event harmless; a structlog processor.

    Collections are written as their Python representation.
    """
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = harmless(value, LONGEST_VALUE)
        elif isinstance(value, bytes | list | tuple | set | frozenset | dict):
            event[name] = harmless(repr(value), LONGEST_VALUE)
    return event


def guarded_event(_logger: object, _method: str, event: Any) -> str:
    """Guard a text log; a structlog processor that follows the renderer.

    A traceback has several lines and may include an untrusted error message: the lines are indented
    so that none can pass for an event.
    """
    return guarded(event).replace("\n", "\n  ")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
