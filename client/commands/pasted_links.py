"""Magnet links as people paste them at the prompt: unquoted, with blanks, in <...>. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from common.magnet import is_magnet

_BLANK, _REST = r"[ \t\r\n\f\v]", r"[^ \t\r\n\f\v]*"
_FIELD = r"&(?:amp;)?(?:xt|dn|tr|xl|ws|as|xs|kt|mt|so|x\.pe)(?:\.\d+)?="
_BRACKETED = rf"<{_BLANK}*magnet:[^<>]*>(?=[.,;!?]*(?:{_BLANK}|\Z))[.,;!?]*"
_BARE = rf"<?magnet:{_REST}(?:{_BLANK}+(?!magnet:){_REST}?{_FIELD}{_REST})*"
_LINK = re.compile(f"{_BRACKETED}|{_BARE}", re.IGNORECASE)
"""A link in angle brackets, or one with the words after it that contain another of its fields."""


def end_of_link(text: str, start: int) -> int | None:
    """Return where the magnet link that begins at `start` ends; None if none begins there."""
    match = _LINK.match(text, start)
    return None if match is None else match.end()


def join_links(words: Sequence[str], most: int) -> list[str]:
    """Return at most `most` words if a link is first: the surplus after it is a name with blanks.

    A blank is a blank of the name, whatever it was, or a line break, which a link ignores.
    """
    surplus = len(words) - most
    if surplus <= 0 or not is_magnet(words[0]):
        return list(words)
    return [" ".join(words[: surplus + 1]), *words[surplus + 1 :]]
