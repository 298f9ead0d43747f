"""What happened that concerns a user, for who was away."""

from __future__ import annotations

from common.api import events as api
from tracker.services.caller import Identity
from tracker.services.events import as_notice
from tracker.store.schema import Event, User
from tracker.store.work import Work, Works

_RECENT = 50
"""How many notices are listed, though the user was told of them already."""

_MOST = 500
"""How many are listed at most."""


class Notices:
    """The operation on notices."""

    def __init__(self, works: Works) -> None:
        self._works = works

    def list_notices(self, me: Identity, _request: api.ListNotices) -> api.ListNoticesReply:
        """What the user was not told of yet, after the newest of what he was told of."""
        with self._works.write() as work:
            user = work.users.by_id(me.user_id)
            unread = count_unread(work, user)
            found = work.events.concerning(user, max(unread, _RECENT))
            work.users.told_all([user.id], work.events.last_id())
        return api.ListNoticesReply(notices=[_row(event) for event in found], unread=unread)


def count_unread(work: Work, user: User) -> int:
    """How many notices a user was not told of yet, as far as they are listed."""
    return work.events.count_untold(user, _MOST)


def _row(event: Event) -> api.NoticeRow:
    notice = as_notice(event)
    return api.NoticeRow(at=notice.at, kind=notice.kind, group=notice.group, text=notice.text)
