"""Notices that belong together become one: "ann shared 60 files in lab". Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from client.core.notices.notice_kinds import NoticeKind


class Foldable(Protocol):
    """A notice: its kind, its group, the user who caused it (or ""), and its sentence."""

    @property
    def kind(self) -> str: ...

    @property
    def group(self) -> str | None: ...

    @property
    def actor(self) -> str: ...

    @property
    def text(self) -> str: ...


NoticeT = TypeVar("NoticeT", bound=Foldable)
Key = tuple[str, str | None, str]

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        NoticeKind.DOWNLOAD_COMPLETED: "{count:,} downloads from {group} are complete.",
        NoticeKind.FILE_ADDED: "{actor} shared {count:,} files in {group}.",
        NoticeKind.FILE_REMOVED: "{actor} removed {count:,} files from {group}.",
        NoticeKind.FILE_COMPLETED: "{actor} has finished downloading {count:,} files of {group}.",
    }
)
"""The sentence for several notices of a kind; others are never folded."""

LIVE_QUIET, LIVE_LONGEST = 1.0, 5.0
"""Seconds without another notice after which a burst is shown, and the longest it waits."""

LISTED_QUIET, LISTED_LONGEST = 60.0, 3600.0
"""The same in a list of what has happened."""

MOST_BURSTS = 16
"""Bursts of different users or groups at once; beyond that, the oldest is shown."""


@dataclass
class _Burst(Generic[NoticeT]):
    """Notices with one key: the `newest`, how many there are, and when they arrived."""

    newest: NoticeT
    began_at: float
    last_at: float
    count: int = 1


@dataclass(frozen=True)
class Folded(Generic[NoticeT]):
    """`count` notices in one line: the newest of them, and the sentence for all."""

    newest: NoticeT
    count: int

    @property
    def text(self) -> str:
        """Its sentence."""
        newest = self.newest
        if self.count == 1:
            return newest.text
        template = SENTENCES[newest.kind]
        return template.format(actor=newest.actor, count=self.count, group=newest.group)


class NoticeFolder(Generic[NoticeT]):
    """Collects notices of the same kind, group and user that follow each other closely.

    A burst ends when nothing has been added for `quiet` seconds, or `longest` after it began, or
    when a notice arrives that can't be folded: so the order stays right, and nothing urgent waits.
    """

    def __init__(self, quiet: float, longest: float) -> None:
        self._quiet = quiet
        self._longest = longest
        self._bursts: dict[Key, _Burst[NoticeT]] = {}

    def add(self, notice: NoticeT, now: float) -> list[Folded[NoticeT]]:
        """Add a notice; return what is to be shown now."""
        ready = self.due(now)
        key = _key(notice)
        if key is None:
            return [*ready, *self.flush(), Folded(notice, 1)]
        burst = self._bursts.get(key)
        if burst is not None:
            burst.newest, burst.last_at, burst.count = notice, now, burst.count + 1
            return ready
        if len(self._bursts) >= MOST_BURSTS:
            ready.append(self._end(next(iter(self._bursts))))
        self._bursts[key] = _Burst(notice, now, now)
        return ready

    def due(self, now: float) -> list[Folded[NoticeT]]:
        """Return the bursts that end at this time, the oldest first."""
        ended = [key for key, burst in self._bursts.items() if self._ends_at(burst) <= now]
        return [self._end(key) for key in ended]

    def flush(self) -> list[Folded[NoticeT]]:
        """End all bursts."""
        return [self._end(key) for key in list(self._bursts)]

    @property
    def due_at(self) -> float | None:
        """When the next burst ends; None if there is none."""
        return min(map(self._ends_at, self._bursts.values()), default=None)

    def _ends_at(self, burst: _Burst[NoticeT]) -> float:
        return min(burst.last_at + self._quiet, burst.began_at + self._longest)

    def _end(self, key: Key) -> Folded[NoticeT]:
        burst = self._bursts.pop(key)
        return Folded(burst.newest, burst.count)


def fold(rows: Iterable[NoticeT], at: Callable[[NoticeT], float]) -> list[Folded[NoticeT]]:
    """Fold a list of notices, oldest first; `at` returns the time of each in seconds."""
    folder: NoticeFolder[NoticeT] = NoticeFolder(LISTED_QUIET, LISTED_LONGEST)
    lines = [line for row in rows for line in folder.add(row, at(row))]
    return [*lines, *folder.flush()]


def newest_lines(
    rows: Sequence[NoticeT], most: int, at: Callable[[NoticeT], float]
) -> Sequence[NoticeT]:
    """Return the newest notices of a list, oldest first: those that fold into `most` lines."""
    lines = fold(rows, at)
    if len(lines) <= most:
        return rows
    last_left_out = lines[len(lines) - most - 1].newest
    cut = next(number for number, row in enumerate(rows) if row is last_left_out)
    return rows[cut + 1 :]


def _key(notice: Foldable) -> Key | None:
    """Return what notices must have in common to be folded; None if this one never is."""
    sentence = SENTENCES.get(notice.kind)
    if sentence is None or ("{actor}" in sentence and not notice.actor):
        return None
    return str(notice.kind), notice.group, notice.actor
