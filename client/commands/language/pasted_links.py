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

_BREAK = r"[ \t]*[\r\n]+[ \t]*"
_BROKEN = re.compile(
    rf"(magnet:{_REST}?btih:)(?![a-z2-7]{{32}}\b|[0-9a-f]{{40}}\b)([0-9a-z]*){_BREAK}(?=[0-9a-z])"
    rf"|(magnet:{_REST}){_BREAK}(?=[^ \t\r\n\f\v]*(?:{_FIELD}|%[0-9a-f]{{2}}))",
    re.IGNORECASE,
)
"""A link that a line break cuts: within its info-hash, or before what can only be more of it."""
_MOST_BREAKS = 100
"""Line breaks removed from a link that isn't in angle brackets."""

_OPENED = re.compile(rf"<{_BLANK}*(magnet:[^<>]*)?\Z", re.IGNORECASE)
"""The beginning of a link in angle brackets, which is typed before the rest is pasted."""


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


def in_one_line(before: str, text: str) -> str:
    """Return pasted text without the line breaks in its magnet links.

    `before` is what was typed in front of it.
    """
    opened = _OPENED.search(before)
    if opened and (opened[1] or is_magnet(text)):
        link, end, rest = text.partition(">")
        text = re.sub(_BREAK, "", link) + end + rest
    text = re.sub(_BRACKETED, lambda link: re.sub(_BREAK, "", link[0]), text, flags=re.IGNORECASE)
    for _ in range(_MOST_BREAKS):
        text, broken = _BROKEN.subn(lambda link: "".join(filter(None, link.groups())), text)
        if not broken:
            break
    return text
