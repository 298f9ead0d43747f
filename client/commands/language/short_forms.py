"""Short forms that are commands of their own too: `get [GROUP] NAME...` and `join GROUP`.

`get` also takes a metainfo file or magnet link, and `join` an invitation: a line is understood as
the longer command only if it can't mean that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from client.commands.language.known import KnownWords
from client.commands.language.word_order import is_like_path
from client.commands.language.words import Word, split
from client.storage.paths.typed_path import typed_path
from common.api.model import NAME
from common.errors import MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi

SHORT_FORMS: Final = MappingProxyType({"get": "download_file", "join": "join_group"})
"""The commands that these may stand for."""

_WORDS_OF_GET = 3
_MAGNET = "magnet:"
_INVITATION = "mt1"
"""How invitations begin."""


def written_out(text: str, session: SessionApi) -> str:
    """Return the line with its short form written out, or unchanged; never fails."""
    words = split(text).words
    if len(words) < 2 or words[1].text.startswith("--"):
        return text
    first = words[0].text
    is_short = (first == "join" and len(words) == 2 and _is_group(words[1].text, session)) or (
        first == "get" and _names_shared_file(words, session)
    )
    return f"{SHORT_FORMS[first]} {text[words[1].start :]}" if is_short else text


def _could_be_group(word: str) -> bool:
    return not word.startswith(_INVITATION) and bool(NAME.match(word))


def _is_group(word: str, session: SessionApi) -> bool:
    """Return whether there is a group with this name, or nobody can tell now."""
    if not _could_be_group(word):
        return False
    try:
        return any(row.group == word for row in session.groups.list(word).groups)
    except MinitorrentError:
        return True


def _names_shared_file(words: Sequence[Word], session: SessionApi) -> bool:
    """Return whether a group, or a file of the group in use, follows `get`, and no metainfo."""
    word = words[1].text
    if is_like_path(word) or _MAGNET in word.casefold() or _is_file_here(word):
        return False
    if len(words) > 2 and _could_be_group(word):
        try:
            if session.groups.is_own(word):
                return True
        except MinitorrentError:  # the command that has room for all the words says why
            return len(words) > _WORDS_OF_GET
    in_use = session.overview().group
    return in_use is not None and KnownWords(session).is_file(in_use, word)


def _is_file_here(word: str) -> bool:
    with suppress(MinitorrentError, OSError):
        path = typed_path(word)
        return path.exists() and not path.is_dir()
    return False
