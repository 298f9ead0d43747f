"""Notices: what happened in the user's groups and on this client."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from client.core.notices.folding import fold, newest_lines
from client.membership.remote import TrackerCalls
from client.notices import Notices
from client.results.lists import NoticeRow, NoticesResult
from client.results.overview import Notice
from client.services.paging import collect, total
from common.api import events
from common.api.paging import MAX_PAGE

_LINES = 50
"""Lines listed without a limit, unless more are unread; as many notices as the tracker sends."""


class NoticeService:
    """The notices of a session; see Session for the rules of all its methods."""

    def __init__(self, notices: Notices, remote: TrackerCalls) -> None:
        self._notices = notices
        self._remote = remote

    def listen(
        self, callback: Callable[[Notice], None], *, folds: bool = False
    ) -> Callable[[], None]:
        """Call `callback` (from any thread) with every notice, until the result is called.

        With `folds`, notices that belong together are one, a moment later.
        """
        return self._notices.listen(callback, folds=folds)

    def list(self, pattern: str = "", *, limit: int | None = None) -> NoticesResult:
        """List what concerned this user; without a limit what is unread, and the newest.

        The tracker has the events of the groups; those of this client are kept here.
        """
        if limit is None:
            rows, count = self._recent(pattern)
        else:
            found, count, _ = collect(
                self._remote,
                events.LIST_NOTICES,
                "notices",
                limit,
                is_backward=True,
                pattern=pattern,
            )
            rows = [NoticeRow.of(row) for row in found]
        own = self._notices.kept(pattern)
        rows = sorted([*rows, *own], key=_seconds)
        return NoticesResult(
            notices=rows[-limit:] if limit else rows, total=count + len(own), pattern=pattern
        )

    def _recent(self, pattern: str) -> tuple[Sequence[NoticeRow], int]:
        """Return what the tracker sends without a limit, and how many there are.

        If most of it belongs together, more is added, up to _LINES lines as people see them.
        """
        reply = self._remote.call(events.LIST_NOTICES, pattern=pattern)
        rows: Sequence[NoticeRow] = [NoticeRow.of(row) for row in reply.notices]
        if reply.next is not None and len(fold(rows, _seconds)) < _LINES:
            older = self._remote.call(
                events.LIST_NOTICES, pattern=pattern, limit=MAX_PAGE, after=reply.next
            )
            rows = newest_lines([*map(NoticeRow.of, older.notices), *rows], _LINES, _seconds)
        return rows, total(reply, reply.notices)


def _seconds(row: NoticeRow) -> float:
    return row.seconds
