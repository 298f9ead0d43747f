"""The parts of names by which patterns are looked up: three characters each, ignoring case."""

from __future__ import annotations

import re
from typing import Final

_LENGTH: Final = 3
_MOST: Final = 16
"""Parts of one pattern: more would hardly leave out more names."""

_WILD: Final = re.compile(r"[*?]")
_SIMPLE: Final = (range(0x250), range(0x370, 0x528))
"""Latin, Greek and Cyrillic letters, whose cases all Unicode tables agree on."""

_CONTEXTUAL: Final = frozenset("i\u0307\u03c2\u03c3\u03f3")
"""Letters that others become together or at the end of a word."""


def parts_of(pattern: str) -> tuple[str, ...]:
    """Return parts that every name has which matches the pattern (see common.api.paging).

    They are in lower case; there are none if every name may match. A pattern in ASCII matches
    only ASCII; in others, letters are left out whose case databases don't agree on.
    """
    is_ascii = pattern.isascii()
    found: dict[str, None] = {}
    for text in _WILD.split(pattern):
        for start in range(len(text) - _LENGTH + 1):
            part = text[start : start + _LENGTH]
            if is_ascii or all(map(_is_simple, part)):
                found[part.lower()] = None
    return tuple(found)[:_MOST]


def _is_simple(letter: str) -> bool:
    """Return whether all databases have the same letters for this one when they ignore case."""
    lower = letter.lower()
    if lower in _CONTEXTUAL or len(lower) > 1:
        return False
    return lower.upper() == lower or any(ord(lower) in block for block in _SIMPLE)
