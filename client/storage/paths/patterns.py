"""Patterns for paths, expanded as a shell would: `*`, `?`, `[abc]`, and `**` for any folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Final

from client.storage.paths.os_errors import shown
from client.storage.paths.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError

MOST_MATCHES: Final = 10_000
"""Paths that one pattern may match."""

_MOST_ENTRIES: Final = 200_000
"""Entries of folders that are examined for one pattern."""

_MOST_LEVELS: Final = 64
"""Parts of a path that may be patterns."""


def is_pattern(typed: str) -> bool:
    """Return whether a typed path contains characters that make it a pattern."""
    return any(char in typed for char in "*?[")


def expand(
    typed: str, most_matches: int = MOST_MATCHES, most_entries: int = _MOST_ENTRIES
) -> tuple[Path, ...]:
    """Return the paths that a typed path stands for, sorted; none if nothing matches a pattern.

    What is no pattern, or exists under this very name, stands for itself, as typed. Hidden files
    are only matched by patterns that begin with a dot, `**` doesn't follow links to folders, and
    as the last part it matches files only. Where brackets match nothing as a choice of characters,
    they stand for themselves: many names contain some. Unreadable folders are left out. Raises
    MinitorrentError: usage for too many matches, and as `typed_path` does.
    """
    if not is_pattern(typed) or os.path.lexists(typed_path(typed)):
        return (Path(typed),)
    found = _Search(most_entries).all(typed, most_matches)
    if not found and "[" in typed:
        found = _Search(most_entries).all(typed.replace("[", "[[]"), most_matches)
    return tuple(sorted(found))


class _Search:
    """One search, which examines at most `most_entries`."""

    def __init__(self, most_entries: int) -> None:
        self._left = most_entries

    def all(self, typed: str, most_matches: int) -> list[Path]:
        """Return all matches; raises MinitorrentError(usage) if there are too many."""
        start, parts = _parts(typed)
        found = list(islice(self._below(typed_path(start), parts), most_matches + 1))
        if len(found) > most_matches:
            raise MinitorrentError(
                ErrorCode.USAGE,
                f"More than {most_matches:,} paths match {shown(typed)}; share their folder "
                "instead, or narrow the pattern.",
            )
        return list(dict.fromkeys(found))

    def _below(self, folder: Path, parts: list[str]) -> Iterator[Path]:
        """Yield the paths in a folder that match the parts of a pattern."""
        if not parts:
            yield folder
        elif parts[0] == "**":
            yield from self._at_any_depth(folder, parts[1:])
        elif is_pattern(parts[0]):
            for entry in self._entries(folder, hidden=parts[0].startswith(".")):
                is_inside = len(parts) == 1 or entry.is_dir()
                if is_inside and fnmatchcase(entry.name, parts[0]):
                    yield from self._below(folder / entry.name, parts[1:])
        elif os.path.lexists(path := folder / parts[0]) and (parts[0] or folder.is_dir()):
            yield from self._below(path, parts[1:])

    def _at_any_depth(self, folder: Path, parts: list[str]) -> Iterator[Path]:
        """Yield what matches in a folder and in all folders below it."""
        folders = [folder]
        while folders:
            here = folders.pop()
            if parts:
                yield from self._below(here, parts)
            for entry in self._entries(here, hidden=False):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(here / entry.name)
                elif not parts:
                    yield here / entry.name

    def _entries(self, folder: Path, *, hidden: bool) -> list[os.DirEntry[str]]:
        """Return the hidden or the other entries of a folder; none if it can't be read."""
        entries: list[os.DirEntry[str]] = []
        self._left -= 1
        with suppress(OSError), os.scandir(folder) as found:
            for entry in found:
                self._left -= 1
                if self._left < 0:
                    raise MinitorrentError(
                        ErrorCode.USAGE,
                        "The pattern covers too many files; narrow it, or share a folder.",
                    )
                if entry.name.startswith(".") == hidden:
                    entries.append(entry)
        return entries


def _parts(typed: str) -> tuple[str, list[str]]:
    """Split a pattern into the folder where it begins and its parts.

    A part is a pattern for names in one folder, or a path without wildcards. The last is empty if
    the pattern ends in a slash: it matches folders only.
    """
    levels = typed.split("/")
    first = next(n for n, level in enumerate(levels) if is_pattern(level))
    start = "/".join([*levels[:first], ""]) if first else "."
    parts: list[str] = []
    for level in levels[first:]:
        if not is_pattern(level) and parts and not is_pattern(parts[-1]):
            parts[-1] = f"{parts[-1]}/{level}"
        elif level != "**" or parts[-1:] != ["**"]:
            parts.append(level)
    if len(parts) > _MOST_LEVELS:
        raise MinitorrentError(ErrorCode.USAGE, f"The pattern {shown(typed[:80])} is too long.")
    return start, parts
