"""Collects lists that the tracker returns in pages, up to a limit.

The `pattern` of a list is part of a name, ignoring case, or a whole name with `*` and `?`. `limit`
is a number of rows, 0 for all of them. When a list changes meanwhile, rows may be missing, but
never duplicated.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from client.membership.remote import TrackerCalls
from common.api.operation import Operation
from common.api.paging import MAX_PAGE, PageReply

USUAL_LIMIT = 1000
"""The default number of rows."""

ReplyT = TypeVar("ReplyT", bound=PageReply)


class Collected(NamedTuple, Generic[ReplyT]):
    """The rows of all pages, how many there are in all, and the last page."""

    rows: list[Any]
    total: int
    last: ReplyT


def collect(
    remote: TrackerCalls,
    operation: Operation[Any, ReplyT],
    field: str,
    limit: int,
    *,
    is_backward: bool = False,
    **arguments: object,
) -> Collected[ReplyT]:
    """Fetch as many pages as needed; `field` is the reply's field with the rows.

    A backward list returns the newest page first, and in each page the oldest row first.
    """
    rows: list[Any] = []
    while True:
        left = limit - len(rows) if limit else MAX_PAGE
        reply = remote.call(operation, limit=min(left, MAX_PAGE), **arguments)
        page = getattr(reply, field)
        rows = [*page, *rows] if is_backward else [*rows, *page]
        if reply.next is None or not page or (limit and len(rows) >= limit):
            return Collected(rows, total(reply, rows), reply)
        arguments["after"] = reply.next


def total(reply: PageReply, rows: list[Any]) -> int:
    """Return how many rows there are; older trackers, which don't say so, return all rows."""
    return max(reply.total, len(rows))
