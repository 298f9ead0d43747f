"""Names for completion, from the session and the file system, cached for a few seconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from client.shell.candidates import Name
from client.storage.paths.typed_path import typed_path
from common.errors import MinitorrentError
from common.text import count, local_time, percent, size

if TYPE_CHECKING:
    from client.services.api import SessionApi

_FRESH = 5.0
"""Seconds for which a tracker's answer is cached."""

_MOST_PATHS = 500
"""Paths offered."""

MOST_ENTRIES = 20_000
"""Entries examined per folder."""

_MOST_NAMES = 100
"""Names requested per list; a menu fits no more."""

_Answer = tuple[Sequence[Name], bool]
"""Names, and whether these are all that match."""


class SessionNames:
    """Looks names up in the session and the file system. Never raises; may block.

    Examines at most `most_entries` of a folder.
    """

    def __init__(
        self,
        session: SessionApi,
        clock: Callable[[], float] = time.monotonic,
        most_entries: int = MOST_ENTRIES,
    ) -> None:
        self._session = session
        self._most_entries = most_entries
        self._clock = clock
        self._remembered: dict[tuple[str, str, str], tuple[float, _Answer]] = {}

    def forget(self) -> None:
        """Clear the cache: a command may have changed the names."""
        self._remembered.clear()

    def current_group(self) -> str | None:
        """See Names."""
        return self._session.overview().group

    def groups(self, typed: str, *, mine: bool) -> Sequence[Name]:
        """See Names."""

        def ask(pattern: str) -> _Answer:
            found = self._session.groups.list(pattern, member=mine, limit=_MOST_NAMES)
            names = [
                Name(row.group, f"{count(row.members, 'member')}, owner {row.owner}")
                for row in found.groups
                if row.member is mine
            ]
            return names, len(found.groups) == found.total

        return self._listed("mine" if mine else "others", "", typed, ask)

    def members(self, group: str, typed: str) -> Sequence[Name]:
        """See Names."""

        def ask(pattern: str) -> _Answer:
            found = self._session.groups.members(group, pattern, limit=_MOST_NAMES)
            names = [Name(row.user, row.role) for row in found.members]
            return names, len(names) == found.total

        return self._listed("members", group, typed, ask)

    def requesters(self, group: str, typed: str) -> Sequence[Name]:
        """See Names."""

        def ask(pattern: str) -> _Answer:
            found = self._session.groups.requests(group, pattern, limit=_MOST_NAMES)
            names = [
                Name(row.user, f"asked at {local_time(row.requested_at)}") for row in found.requests
            ]
            return names, len(names) == found.total

        return self._listed("requesters", group, typed, ask)

    def files(self, group: str, typed: str) -> Sequence[Name]:
        """See Names."""

        def ask(pattern: str) -> _Answer:
            found = self._session.files.list(group, pattern, limit=_MOST_NAMES)
            names = [Name(row.name, f"{size(row.size)}, from {row.owner}") for row in found.files]
            return names, len(names) == found.total

        return self._listed("files", group, typed, ask)

    def downloads(self, group: str) -> Sequence[Name]:
        """See Names."""

        def ask(_: str) -> _Answer:
            rows = self._session.transfers.downloads().downloads
            return [
                Name(row.name, f"{row.state}, {percent(row.progress)}")
                for row in rows
                if row.group == group
            ], True

        return self._ask("downloads", group, "", ask)[0]

    def shares(self, group: str) -> Sequence[Name]:
        """See Names."""

        def ask(_: str) -> _Answer:
            rows = self._session.transfers.shares().shares
            return [Name(row.name, "shared") for row in rows if row.group == group], True

        return self._ask("shares", group, "", ask)[0]

    def paths(self, typed: str) -> Sequence[Name]:
        """Return the entries of the folder that `typed` names up to its last slash."""
        base = typed[: typed.rfind("/") + 1]
        hidden = typed.rpartition("/")[2].startswith(".")
        found: list[Name] = []
        with suppress(OSError, MinitorrentError), os.scandir(typed_path(base or ".")) as entries:
            fitting = (
                entry
                for entry in islice(entries, self._most_entries)
                if entry.name.startswith(".") == hidden and _is_text(entry.name)
            )
            found.extend(_path_name(base, entry) for entry in _likeliest(fitting, typed))
        return sorted(found, key=lambda name: name.text.casefold())

    def _listed(
        self, what: str, group: str, typed: str, ask: Callable[[str], _Answer]
    ) -> Sequence[Name]:
        """Return all names, or for a long list those that start with or else contain `typed`."""
        names, are_all = self._ask(what, group, "", ask)
        if are_all or not typed:
            return names
        beginning, _ = self._ask(what, group, f"{typed}*", ask)
        return beginning or self._ask(what, group, typed, ask)[0]

    def _ask(self, what: str, group: str, pattern: str, ask: Callable[[str], _Answer]) -> _Answer:
        now = self._clock()
        self._remembered = {
            key: known for key, known in self._remembered.items() if now - known[0] < _FRESH
        }
        if (what, group, pattern) in self._remembered:
            return self._remembered[what, group, pattern][1]
        answer: _Answer = ((), True)
        with suppress(MinitorrentError):  # the tracker can't be asked now
            answer = ask(pattern)
        self._remembered[what, group, pattern] = (now, answer)
        return answer


def _likeliest(entries: Iterable[os.DirEntry[str]], typed: str) -> Iterable[os.DirEntry[str]]:
    """Yield at most _MOST_PATHS entries, those that start with the typed name first."""
    begun = typed.rpartition("/")[2].casefold()
    other: list[os.DirEntry[str]] = []
    found = 0
    for entry in entries:
        if entry.name.casefold().startswith(begun):
            found += 1
            yield entry
        elif len(other) < _MOST_PATHS:
            other.append(entry)
        if found == _MOST_PATHS:
            return
    yield from other[: _MOST_PATHS - found]


def _is_text(name: str) -> bool:
    """Return whether a name can be typed; some aren't text or contain control characters."""
    return name.isprintable()


def _path_name(base: str, entry: os.DirEntry[str]) -> Name:
    with suppress(OSError):  # it has just been deleted
        if entry.is_dir():
            return Name(f"{base}{entry.name}/", "folder", whole=False)
        return Name(f"{base}{entry.name}", size(entry.stat().st_size))
    return Name(f"{base}{entry.name}")
