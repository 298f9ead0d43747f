"""Text from somebody else, made harmless before it reaches a terminal or a log. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import MutableMapping
from typing import Any, Final

LONGEST_MESSAGE: Final = 1000
"""Characters of somebody else's sentence that are passed on."""

LONGEST_VALUE: Final = 4000
"""Characters of one value in a log, or of one name on a screen."""

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"})
"""Categories of characters that act on a terminal, turn the direction of writing, can't be seen,
end a line, or have no meaning."""

_FILLERS: Final = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and marks that can't be seen."""

_JOINERS: Final = "\u200c\u200d"
"""Invisible characters that ordinary words and emoji need, one at a time."""

_MOST_MARKS: Final = 6
"""Accents and the like on one letter; what is above would reach into other lines."""

_COLOUR: Final = re.compile(r"(\n|\x1b\[[0-9;]{0,8}m)")
"""What our own output holds besides text: ends of lines, and colours."""


def visible(text: str) -> str:
    """Text with whatever could act on a terminal, or can't be seen, written as an escape.

    That is: control characters, marks that change the direction of writing, other invisible
    characters, ends of lines, bytes that are not text, and heaps of accents. Text that is
    harmless stays as it is.
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
    """`visible` text of at most `most` characters and a note of how many there were."""
    if len(text) <= most:
        return visible(text)
    return f"{visible(text[:most])}... ({len(text)} characters)"


def guarded(text: str) -> str:
    """Our own output, of which nothing but ends of lines and colours may act on a terminal.

    The last guard: names in it ought to be `visible` already.
    """
    if text.isascii() and text.isprintable():
        return text
    parts = _COLOUR.split(text)  # every second one is ours
    parts[::2] = map(visible, parts[::2])
    return "".join(parts)


def harmless_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Make the values of a log's event harmless; a processor for structlog.

    Collections are written as Python would write them.
    """
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = harmless(value, LONGEST_VALUE)
        elif isinstance(value, bytes | list | tuple | set | frozenset | dict):
            event[name] = harmless(repr(value), LONGEST_VALUE)
    return event


def guarded_event(_logger: object, _method: str, event: Any) -> str:
    """The last guard of a log that is text; a processor for structlog, after its renderer.

    A traceback has lines and an error's message, which may be somebody else's: they are indented,
    so that none can be taken for an event.
    """
    return guarded(event).replace("\n", "\n  ")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
