"""What the session and the disk know about the words of a line."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from client.commands.language.word_order import Words, has_wildcard
from client.storage.paths.patterns import expand
from client.storage.paths.typed_path import typed_path
from common.api.model import NAME
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi

MOST_NAMES: Final = 10_000
"""Files that one command takes."""


class KnownWords:
    """Answers word_order's questions; see there. What can't be found out counts as not so: the
    command itself reports why.
    """

    def __init__(self, session: SessionApi) -> None:
        self._session = session

    def is_own_group(self, word: str) -> bool:
        """See Known."""
        with suppress(MinitorrentError):
            return bool(NAME.match(word)) and self._session.groups.is_own(word)
        return False

    def is_any_group(self, word: str) -> bool:
        """See Known."""
        with suppress(MinitorrentError):
            if NAME.match(word):
                found = self._session.groups.list(_whole(word)).groups
                return any(row.group == word for row in found)
        return False

    def is_file(self, group: str, word: str) -> bool:
        """See Known."""
        with suppress(MinitorrentError):
            if has_wildcard(word):
                return self._session.files.list(group, word, limit=1).total > 0
            found = self._session.files.list(group, _whole(word)).files
            return any(row.name == word for row in found)
        return False

    def is_path(self, word: str) -> bool:
        """See Known."""
        with suppress(MinitorrentError, OSError):
            return any(typed_path(path).exists() for path in expand(word)[:1])
        return False

    def is_folder(self, word: str) -> bool:
        """See Known."""
        with suppress(MinitorrentError, OSError):
            return typed_path(word).is_dir()
        return False


def _whole(word: str) -> str:
    """Return a pattern for whole names that `word` matches, and few others."""
    return f"{word[:-1]}?"


def file_names(session: SessionApi, group: str, words: Words) -> Words:
    """Return the names of a group's files that the words stand for, each once.

    A word without a wildcard stands for itself, and so does a pattern that is the name of a file.
    Raises MinitorrentError: no_such_file if nothing matches a pattern, usage for too many matches.
    """
    found: list[str] = []
    for word in words:
        if not has_wildcard(word):
            found.append(word)
            continue
        names = listed(session, group, word)
        if not names:
            raise _no_match(group, word)
        found += [word] if word in names else names
    return tuple(dict.fromkeys(found))


def listed(session: SessionApi, group: str, pattern: str) -> list[str]:
    """Return the names of a group's files that match; raises MinitorrentError(usage) for many."""
    rows = session.files.list(group, pattern, limit=MOST_NAMES)
    if rows.total > MOST_NAMES:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"That is {rows.total:,} files, and one command takes {MOST_NAMES:,}; narrow the"
            " pattern.",
        )
    return [row.name for row in rows.files]


def _no_match(group: str, word: str) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.NO_SUCH_FILE,
        f"No file of {group} matches {word!r}; list them with: list_files {group}",
    )
