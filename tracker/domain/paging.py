"""Paging of lists: cursors and name patterns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pydantic_core

from common.errors import ErrorCode, MinitorrentError

RowT = TypeVar("RowT")
KeyPart = str | int | float | bool

_LARGEST = 2**63
_ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_WILD = str.maketrans({"*": "%", "?": "_"})


def cursor(*key: KeyPart) -> str:
    """Encode the sort key of a page's last row."""
    return pydantic_core.to_json(key).decode()


def read_cursor(text: str, *kinds: type[KeyPart]) -> tuple[KeyPart, ...] | None:
    """Decode a cursor with parts of these types; return None for the first page.

    Raises MinitorrentError(usage) for an invalid cursor.
    """
    if not text:
        return None
    try:
        key = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError:
        key = None
    if not isinstance(key, list) or list(map(type, key)) != list(kinds):
        raise _no_cursor()
    if not all(map(_is_storable, key)):
        raise _no_cursor()
    return tuple(key)


def _is_storable(part: KeyPart) -> bool:
    """Return whether a database can store the value: 64-bit numbers, text without NUL."""
    if isinstance(part, str):
        return "\0" not in part
    return isinstance(part, float) or abs(part) < _LARGEST


def number_after(text: str) -> int:
    """Return the number at which a page ended; 0 for the first page. Raises
    MinitorrentError(usage).
    """
    key = read_cursor(f"[{text}]" if text else "", int)
    return 0 if key is None else int(key[0])


def cut(
    rows: Sequence[RowT], limit: int, key: Callable[[RowT], str]
) -> tuple[Sequence[RowT], str | None]:
    """Return the first `limit` rows, and the last one's cursor if there are more."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], key(rows[limit - 1])


def as_like(pattern: str) -> str:
    """Translate a pattern to SQL's LIKE, with `\\` as its escape character.

    With `*` (anything) or `?` (one character) it matches a whole name, otherwise part of one.
    """
    like = pattern.translate(_ESCAPED)
    is_glob = "*" in pattern or "?" in pattern
    return like.translate(_WILD) if is_glob else f"%{like}%"


def _no_cursor() -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.USAGE, "This is not a valid page position; send `next` of the previous page."
    )
