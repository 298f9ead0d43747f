"""Make untrusted text safe for a terminal or a log. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import MutableMapping
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
