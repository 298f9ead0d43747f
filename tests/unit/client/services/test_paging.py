"""Paged lists are collected up to a limit."""

from __future__ import annotations

import pytest

from client.services.paging import collect
from common.api.events import LIST_NOTICES, NoticeRow
from common.api.operation import Operation, ReplyT, RequestT
from common.api.paging import MAX_PAGE

AT = "2026-01-01T00:00:00Z"


class Pages:
    """Numbers from 0 to `count`, as the texts of notices; a page has at most `longest`.

    A page's `next` is where it ends: counted from the newest number, as notices are listed.
    """

    def __init__(self, count: int, longest: int = MAX_PAGE, *, is_old: bool = False) -> None:
        self._count = count
        self._longest = count if is_old else longest
        self._is_old = is_old
        self.limits: list[int] = []

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        asked = LIST_NOTICES.read_request(arguments)
        assert asked.limit is not None
        self.limits.append(asked.limit)
        limit = self._count if self._is_old else min(asked.limit, self._longest)
        newest = self._count - int(asked.after or 0)
        oldest = max(0, newest - limit)
        rows = [
            NoticeRow(at=AT, kind="warning", group="lab", text=str(number))
            for number in range(oldest, newest)
        ]
        following = None if self._is_old or not oldest else str(self._count - oldest)
        total = 0 if self._is_old else self._count
        reply = {"notices": [row.model_dump() for row in rows], "unread": 0}
        return operation.read_reply({**reply, "total": total, "next": following})


def numbers(pages: Pages, limit: int) -> tuple[list[int], int]:
    found = collect(pages, LIST_NOTICES, "notices", limit, is_backward=True)
    return [int(row.text) for row in found.rows], found.total


@pytest.mark.parametrize("limit", [1, 3, 4, 9, 10, 11])
def test_pages_are_requested_until_the_limit(limit: int) -> None:
    pages = Pages(10, longest=3)
    assert numbers(pages, limit) == (list(range(10))[-limit:], 10)
    assert pages.limits[0] == limit
    assert len(pages.limits) == -(-min(limit, 10) // 3)


def test_without_a_limit_all_pages_are_requested() -> None:
    pages = Pages(10, longest=3)
    assert numbers(pages, 0) == (list(range(10)), 10)
    assert pages.limits == [MAX_PAGE] * 4


def test_no_page_is_requested_longer_than_a_tracker_sends() -> None:
    pages = Pages(3)
    numbers(pages, 50_000)
    assert pages.limits == [MAX_PAGE]


def test_an_old_tracker_sends_all_rows_at_once_and_counts_none() -> None:
    pages = Pages(10, is_old=True)
    assert numbers(pages, 5) == (list(range(10)), 10)
    assert len(pages.limits) == 1


def test_an_empty_list() -> None:
    assert numbers(Pages(0), 5) == ([], 0)
