"""Notices: what happened in the user's groups and on this client."""

from __future__ import annotations

from collections.abc import Callable

from client.list_results import NoticeRow, NoticesResult
from client.membership.remote import TrackerCalls
from client.notices import Notices
from client.results import Notice
from client.services.paging import collect, total
from common.api import events


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
            reply = self._remote.call(events.LIST_NOTICES, pattern=pattern)
            rows, count = reply.notices, total(reply, reply.notices)
        else:
            rows, count, _ = collect(
                self._remote,
                events.LIST_NOTICES,
                "notices",
                limit,
                is_backward=True,
                pattern=pattern,
            )
        own = self._notices.kept(pattern)
        found = sorted([*map(NoticeRow.of, rows), *own], key=lambda row: row.seconds)
        return NoticesResult(
            notices=found[-limit:] if limit else found, total=count + len(own), pattern=pattern
        )
