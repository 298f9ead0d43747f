"""Paging of lists: the number of rows requested, and where the next page begins.

Every list in a reply has at most MAX_PAGE rows, so that every reply fits a line. A longer request
gets the first rows and `next`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from common.api.model import NO_NUL, WHOLE, Count, Model

MAX_PAGE = 1000
"""Most rows in one reply: even with the longest names, they fit a line."""

MOST_COUNTED = 100_000
"""Events and notices are counted up to this many: a `total` that is as large may be larger."""

ROWS = Field(max_length=MAX_PAGE)
"""Add to every list of a reply."""

Cursor = Annotated[str, Field(max_length=4096, pattern=NO_NUL)]
"""The end of a page, from the reply's `next`; opaque to clients."""

Pattern = Annotated[str, Field(max_length=255, pattern=NO_NUL)]
"""Part of a name, ignoring case; with `*` (anything) or `?` (one character), the whole name."""

Wanted = Annotated[int, Field(ge=1, le=2**31), WHOLE]
"""Number of rows requested, capped at MAX_PAGE."""


class PageRequest(Model):
    """Request `limit` rows after the page whose `next` was `after`."""

    limit: Wanted = MAX_PAGE
    after: Cursor = ""
    pattern: Pattern = ""

    @property
    def rows(self) -> int:
        """Most rows in the answer."""
        return min(self.limit, MAX_PAGE)


class PageReply(Model):
    """`total` counts all matches of the pattern, of events and notices up to MOST_COUNTED; in very
    long lists it may be ten seconds old. `next` leads to the next page, None at the end.

    Older trackers omit both and return everything at once.
    """

    total: Count = 0
    next: str | None = None
