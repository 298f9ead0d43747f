"""Lists come in pages: how much of one is asked for, and where the next page begins.

Every list of every reply has at most MAX_PAGE rows, so that every reply fits a line. Who asks
for more than there is room for gets the first rows and `next`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from common.api.model import NO_NUL, WHOLE, Count, Model

MAX_PAGE = 1000
"""Rows in one reply: with the longest names that there are, they fit a line."""

ROWS = Field(max_length=MAX_PAGE)
"""Goes with every list of a reply."""

Cursor = Annotated[str, Field(max_length=4096, pattern=NO_NUL)]
"""Where a page ended, as the reply's `next` said; nobody but the tracker has to understand it."""

Pattern = Annotated[str, Field(max_length=255, pattern=NO_NUL)]
"""Part of a name in any case; with `*` (anything) or `?` (one character), all of it."""

Wanted = Annotated[int, Field(ge=1, le=2**31), WHOLE]
"""How many rows are asked for. More than MAX_PAGE is the same as MAX_PAGE."""


class PageRequest(Model):
    """Asks for `limit` rows after those of the page whose `next` was `after`."""

    limit: Wanted = MAX_PAGE
    after: Cursor = ""
    pattern: Pattern = ""

    @property
    def rows(self) -> int:
        """How many rows the answer has at most."""
        return min(self.limit, MAX_PAGE)


class PageReply(Model):
    """`total` counts what fits the pattern; `next` is for the next page, None at the end.

    Older trackers tell neither, and send everything at once.
    """

    total: Count = 0
    next: str | None = None
