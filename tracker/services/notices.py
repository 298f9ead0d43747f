"""Notices that users can read later."""

from __future__ import annotations

from functools import partial

from common.api import events as api
from common.api.paging import MAX_PAGE
from tracker.domain.paging import cut, number_after
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.events import as_notice
from tracker.services.totals import MANY, Totals
from tracker.store.records import Event, User
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_RECENT = 50

_MOST = 500
"""Most unread notices that are counted."""


class NoticeService:
    """Operations on notices; the `recent` newest are listed even if the user has read them."""

    def __init__(self, database: UnitOfWorkFactory, steady: Clock, recent: int = _RECENT) -> None:
        self._totals = Totals(steady)
        self._database = database
        self._recent = recent

    def list_notices(self, me: Identity, request: api.ListNotices) -> api.ListNoticesReply:
        """Return a page of the user's notices; the first page marks all as read."""
        before = number_after(request.after)
        with self._database.read() as work:
            user = work.users.by_id(me.user_id)
            unread = count_unread(work, user)
            limit = min(request.limit or max(unread, self._recent), MAX_PAGE)
            found = work.event_lists.relevant_to(user, request.pattern, before, limit + 1)
            if before or len(found) > limit:
                count = partial(work.event_lists.count_relevant, user, request.pattern)
                total = self._totals.of(user.id, request.pattern, count, least=MANY)
            else:
                total = len(found)
            newest = work.events.last_id()
        if not before and newest > user.last_read_event_id:
            with self._database.write() as work:
                work.users.mark_read([me.user_id], newest)
        events, following = cut(found, limit, lambda event: str(event.id))
        rows = [_row(event) for event in reversed(events)]
        return api.ListNoticesReply(notices=rows, unread=unread, total=total, next=following)


def count_unread(work: UnitOfWork, user: User, until: int | None = None) -> int:
    """Return the number of a user's unread notices, up to a limit; of events up to `until`."""
    return work.event_lists.count_unread(user, _MOST, until)


def _row(event: Event) -> api.NoticeRow:
    notice = as_notice(event)
    return api.NoticeRow(
        at=notice.at,
        kind=notice.kind,
        group=notice.group,
        text=notice.text,
        actor=notice.actor,
    )
