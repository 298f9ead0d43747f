"""Short forms that are commands of their own too: `get GROUP NAME...` and `join GROUP`.

`get` also takes a metainfo file or magnet link, and `join` an invitation: a line is understood as
the longer command only if it can't mean that.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from client.commands.words import Word, split
from client.storage.paths.typed_path import typed_path
from common.api.model import NAME
from common.errors import MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi

SHORT_FORMS: Final = MappingProxyType({"get": "download_file", "join": "join_group"})
"""The commands that these may stand for."""

_WORDS_OF_GET = 3
_INVITATION = "mt1"
"""How invitations begin."""


def written_out(text: str, session: SessionApi) -> str:
    """Return the line with its short form written out, or unchanged; never fails."""
    words = split(text).words
    if len(words) < 2 or not _could_be_group(words[1]):
        return text
    first, rest = words[0].text, text[words[1].start :]
    is_short = (first == "join" and len(words) == 2) or (
        first == "get" and len(words) > 2 and _is_own_group(words, session)
    )
    return f"{SHORT_FORMS[first]} {rest}" if is_short else text


def _could_be_group(word: Word) -> bool:
    is_invitation = word.text.startswith(_INVITATION)
    return not is_invitation and not word.text.startswith("--") and bool(NAME.match(word.text))


def _is_own_group(words: Sequence[Word], session: SessionApi) -> bool:
    """Return whether the word after `get` is one of the user's groups and no metainfo file.

    If that can't be found out now, it depends on whether there are too many words for `get`.
    """
    try:
        path = typed_path(words[1].text)
        return (path.is_dir() or not path.exists()) and session.groups.is_own(words[1].text)
    except (MinitorrentError, OSError):
        return len(words) > _WORDS_OF_GET
