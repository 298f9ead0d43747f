"""The window of a long list that is shown: what to request, and which answers are still wanted."""

from __future__ import annotations

from typing import Final

STEP: Final = 1000
"""Rows that are shown at first, and that "Show more" adds."""

SCREENFUL: Final = 60
"""Rows requested first when the list changes, because no more are visible at once."""

Fields = dict[str, str | int | None]
"""The fields of a request."""


class ListWindow:
    """The rows of a list that match `pattern`, at most `limit`."""

    def __init__(self) -> None:
        self.pattern: str | None = None
        self.limit = STEP
        self._shown: tuple[str, str | None] | None = None  # the list, and its pattern

    @property
    def fields(self) -> Fields:
        """The request for all rows of the window."""
        return {"pattern": self.pattern, "limit": self.limit}

    def requests(self, of: str) -> list[Fields]:
        """Return one request for list `of`, or two if another list or pattern is shown now."""
        is_shown = self._shown == (of, self.pattern)
        return [self.fields] if is_shown else [{**self.fields, "limit": SCREENFUL}, self.fields]

    def is_wanted(self, fields: Fields) -> bool:
        """Return whether the answer to a request is still wanted: the user may have moved on."""
        return fields["pattern"] == self.pattern and fields["limit"] in (SCREENFUL, self.limit)

    def record(self, shown: int, total: int, of: str) -> bool:
        """Record how many rows of list `of` are shown; return whether that is all requested."""
        is_all = shown >= min(self.limit, total)
        if is_all:
            self._shown = (of, self.pattern)
        return is_all

    def search(self, pattern: str | None) -> None:
        """Search for another pattern."""
        self.pattern, self.limit = pattern or None, STEP

    def grow(self) -> None:
        """Show more rows."""
        self.limit += STEP

    def reset(self) -> None:
        """Start over with another list."""
        self.limit, self._shown = STEP, None
