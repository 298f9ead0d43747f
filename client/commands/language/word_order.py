"""Decides which argument a word stands for where the number of words doesn't tell. Pure.

The order in a command's usage line comes first; another one counts only where that can't be meant.
What is known about a word may take a call to the tracker or a look at the disk: it is only asked
where it matters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Words = tuple[str, ...]


class Known(Protocol):
    """What is known about a word."""

    def is_own_group(self, word: str) -> bool:
        """Return whether the user is a member of a group of this name."""

    def is_any_group(self, word: str) -> bool:
        """Return whether there is a group of this name, the user's or not."""

    def is_file(self, group: str, word: str) -> bool:
        """Return whether a group has a file of this name, or files that match this pattern."""

    def is_path(self, word: str) -> bool:
        """Return whether this path exists, or paths that match this pattern."""

    def is_folder(self, word: str) -> bool:
        """Return whether this path is a folder."""


@dataclass(frozen=True)
class UploadWords:
    """PATH... [GROUP]; without a group, the one in use."""

    paths: Words
    group: str | None


@dataclass(frozen=True)
class DownloadWords:
    """[GROUP] NAME... [DEST]; without a group, the one in use, and without a name, all files."""

    group: str | None
    names: Words
    destination: str | None


def upload_order(words: Words, in_use: str | None, known: Known) -> UploadWords | None:
    """Return what the words of `upload_file` stand for, or None if no order makes sense.

    That is PATH... GROUP if the last word is one of the user's groups and all others exist; else
    GROUP PATH... if the same holds the other way round; else only paths, if all exist, a group is
    in use, and the last word is no group at all. If none holds, it is the most likely of them.
    """
    if len(words) == 1:
        return UploadWords(words, None)
    orders = UploadWords(words[:-1], words[-1]), UploadWords(words[1:], words[0])
    likely = [order for order in orders if known.is_own_group(order.group or "")]
    for order in likely:
        if all(map(known.is_path, order.paths)):
            return order
    is_complete = in_use is not None and all(map(known.is_path, words))
    if is_complete and not known.is_any_group(words[-1]):
        return UploadWords(words, None)
    if likely:
        return likely[0]
    return orders[0] if len(words) == 2 or known.is_any_group(words[-1]) else None


def download_order(words: Words, in_use: str | None, known: Known) -> DownloadWords:
    """Return what the words of `download_file` stand for; there is at least one.

    With a group in use, two words are NAME DEST, unless the first is another group of the user's.
    The last word is a destination, unless that can't be meant: see `_ends_in_destination`.
    """
    if len(words) == 1:
        return DownloadWords(None, words, None)
    if len(words) == 2 and in_use is not None:
        has_group = (
            not is_like_path(words[1])
            and known.is_own_group(words[0])
            and not known.is_file(in_use, words[0])
        )
    else:
        has_group = begins_with_group(words, in_use, known.is_own_group, known.is_file)
    group, names = (words[0], words[1:]) if has_group else (None, words)
    if _ends_in_destination(names, group or in_use or "", known):
        return DownloadWords(group, names[:-1], names[-1])
    return DownloadWords(group, names, None)


def _ends_in_destination(names: Words, group: str, known: Known) -> bool:
    """Return whether the last of these words is a destination.

    Of two words it is, even if the group has a file of that name, but for a pattern that matches
    some: the usage line says so. Of more words it is not if the group has such a file, unless it
    can only be a path.
    """
    last = names[-1]
    if len(names) == 1:
        return False
    if is_like_path(last) or (len(names) == 2 and not has_wildcard(last)):
        return True
    return not known.is_file(group, last)


def all_order(words: Words, in_use: str | None, known: Known) -> DownloadWords | None:
    """Return what the words of `download_file --all` stand for; None for too many.

    A single word is the group, unless it can only be the destination.
    """
    if len(words) > 2:
        return None
    if len(words) == 1 and in_use is not None and not known.is_own_group(words[0]):
        is_folder = known.is_folder(words[0]) and not known.is_any_group(words[0])
        if is_like_path(words[0]) or is_folder:
            return DownloadWords(None, (), words[0])
    group, destination = (*words, None, None)[:2]
    return DownloadWords(group, (), destination)


def begins_with_group(
    words: Words,
    in_use: str | None,
    is_own_group: Callable[[str], bool],
    is_name: Callable[[str, str], bool],
) -> bool:
    """Return whether the first of several words is the group, as in [GROUP] NAME...

    It is, unless it is none of the user's groups but a name in the group in use.
    """
    if in_use in (None, words[0]):
        return True
    return is_own_group(words[0]) or not is_name(in_use, words[0])


def is_like_path(word: str) -> bool:
    """Return whether a word can only be a path: names contain no slash."""
    return "/" in word or word in (".", "..", "~")


def has_wildcard(word: str) -> bool:
    """Return whether a word can be a pattern for names: * matches anything, ? one character."""
    return "*" in word or "?" in word
