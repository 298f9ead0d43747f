"""Which part of a long list is wanted: what to ask for, and which answers are still wanted."""

from __future__ import annotations

from typing import Final

STEP: Final = 1000
"""Rows that are shown at first, and by which there are more at a time."""

SCREENFUL: Final = 60
"""Rows that are asked for before all others where another list was shown: one sees no more."""

Fields = dict[str, str | int | None]
"""What to ask a command for."""


class Part:
    """The rows of a list that fit `pattern`, `limit` at most."""

    def __init__(self) -> None:
        self.pattern: str | None = None
        self.limit = STEP
        self._shown: tuple[str, str | None] | None = None

    @property
    def fields(self) -> Fields:
        """All of it."""
        return {"pattern": self.pattern, "limit": self.limit}

    def steps(self, of: str) -> list[Fields]:
        """It in two steps where another list than `of`, or what fits another pattern, is shown."""
        is_shown = self._shown == (of, self.pattern)
        return [self.fields] if is_shown else [{**self.fields, "limit": SCREENFUL}, self.fields]

    def is_wanted(self, fields: Fields) -> bool:
        """Whether an answer to these is still wanted: what came later may be shown already."""
        return fields["pattern"] == self.pattern and fields["limit"] in (SCREENFUL, self.limit)

    def note(self, shown: int, total: int, of: str) -> bool:
        """So many rows of so many are shown, of this list; whether that is all that is wanted."""
        is_all = shown >= min(self.limit, total)
        if is_all:
            self._shown = (of, self.pattern)
        return is_all

    def search(self, pattern: str | None) -> None:
        """Something else is searched for."""
        self.pattern, self.limit = pattern or None, STEP

    def grow(self) -> None:
        """More rows are wanted."""
        self.limit += STEP

    def reset(self) -> None:
        """Another list is shown from now on."""
        self.limit, self._shown = STEP, None
