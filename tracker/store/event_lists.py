"""Lists of events: a group's audit trail, and the notices of a user.

Both may be picked from millions of events, of many groups or accounts. So a page is searched for
from its end backwards, in ranges of ids that get larger until enough is found; and long lists are
counted only up to a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)

from common.api.events import EventKind
from common.api.paging import MOST_COUNTED
from tracker.domain.audience import Audience, kinds_for
from tracker.store.group_statements import is_admin
from tracker.store.matching import fits
from tracker.store.records import Event, User
from tracker.store.tables import (
    EVENT_COLUMNS,
    NEWEST_EVENT,
    REMEMBERED,
    events,
    files,
    memberships,
    one_of,
    shares,
    users,
)

_NEAR = 2000
"""A range of so many ids, of any events, is quicker to go through than to look up by group."""

_GROWTH = 16
"""Each range is so many times as long as the one before."""

_LISTED_FOR_MEMBERS = (
    Audience.MEMBERS,
    Audience.MEMBERS_AND_ACTOR,
    Audience.ADMINS,
    Audience.SHARERS,
)
"""The audiences in a group whose notices can be listed later."""

_NO_ID = 2**63 - 1
"""No event has so large a number."""

Ids = Select[int]
List = Callable[[str, bool], Ids]
"""Selects the ids of the events above `after` that match a pattern: those of a list, or part of it.
They are found by going through events in their order (True), or by looking them up (False).
"""

_AFTER: BindParameter[int] = bindparam("after")
_BEFORE: BindParameter[int] = bindparam("before")
_LIMIT: BindParameter[int] = bindparam("limit")
_GROUP_ID: BindParameter[int] = bindparam("group_id")
_USER_ID: BindParameter[int] = bindparam("user_id")
_USER: BindParameter[str] = bindparam("user")
_BY_IDS = select(*EVENT_COLUMNS).where(one_of(events.c.id, "ids")).order_by(events.c.id.desc())


class EventListRepository:
    """Lists of events, within one unit of work.

    `near` ids are gone through rather than looked up.
    """

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute
        self.near = _NEAR

    def count_of_group(self, group_id: int, pattern: str) -> int:
        """Count the events in a group's audit trail, up to MOST_COUNTED."""
        values = {"group_id": group_id}
        return self._count(_in_group, _of_accounts, pattern, values, 0, MOST_COUNTED)

    def of_group(self, group_id: int, pattern: str, before: int, limit: int) -> list[Event]:
        """Return the next events of a group and of its members' accounts, newest first.

        `before` limits them to smaller ids, unless it is 0. A removal is recorded twice, once for
        the remaining members; the audit trail shows it once.
        """
        values = {"group_id": group_id}
        return self._newest(_in_group, _of_accounts, pattern, values, before, limit)

    def count_relevant(self, user: User, pattern: str) -> int:
        """Count the events that a user gets notices of, up to MOST_COUNTED."""
        return self._count(_about, _in_groups_of, pattern, _of(user), 0, MOST_COUNTED)

    def relevant_to(self, user: User, pattern: str, before: int, limit: int) -> list[Event]:
        """Return the next events that a user gets notices of, newest first; `before` as above.

        Of a group's events, those since the user joined.
        """
        return self._newest(_about, _in_groups_of, pattern, _of(user), before, limit)

    def count_unread(self, user: User, limit: int, until: int | None = None) -> int:
        """Count the user's unread events, up to `limit`, or of them those up to the id `until`."""
        after = user.last_read_event_id
        if until is None:
            return self._count(_about, _in_groups_of, "", _of(user), after, limit)
        if until <= after:
            return 0
        values = _of(user) | {"before": until + 1}
        return self._count(_about, _in_groups_of, "", values, after, limit)

    def _count(
        self,
        direct: List,
        spread: List,
        pattern: str,
        values: Mapping[str, Any],
        after: int,
        limit: int,
    ) -> int:
        """Count the events of two lists: one that has an index, and one to search for."""
        given = {"before": _NO_ID, **values, "after": after}
        counted = self._run(_number(direct, pattern, True), given | {"limit": limit})
        found = int(counted.scalar_one())
        end = self._end() if given["before"] == _NO_ID else given["before"]
        is_near = after > 0 and end - after <= self.near
        rest = self._run(_number(spread, pattern, is_near), given | {"limit": limit - found})
        return found + int(rest.scalar_one())

    def _newest(
        self,
        direct: List,
        spread: List,
        pattern: str,
        values: Mapping[str, Any],
        before: int,
        limit: int,
    ) -> list[Event]:
        """Return the newest events of two lists, as above."""
        given = {**values, "before": before or self._end(), "limit": limit}
        found = self._run(_page(direct, pattern, True), given | {"after": 0}).scalars().all()
        ids = [*found, *self._search(spread, pattern, given)]
        newest = sorted(ids, reverse=True)[:limit]
        return [Event._make(row) for row in self._run(_BY_IDS, {"ids": newest})]

    def _search(self, spread: List, pattern: str, given: Mapping[str, Any]) -> Sequence[int]:
        """Search backwards, in longer and longer ranges, for as many ids as are wanted."""
        before, length = given["before"], self.near
        while True:
            after = max(0, before - length)
            statement = _page(spread, pattern, length == self.near)
            found = self._run(statement, {**given, "after": after}).scalars().all()
            if len(found) == given["limit"] or after == 0:
                return found
            length *= _GROWTH

    def _end(self) -> int:
        """Return the id after the newest."""
        return int(self._run(select(NEWEST_EVENT)).scalar_one()) + 1


def _of(user: User) -> dict[str, Any]:
    return {"user_id": user.id, "user": user.name}


@lru_cache(4 * REMEMBERED)
def _page(ids: List, pattern: str, in_order: bool) -> Ids:
    """Select the largest ids of a list before one.

    A sum has no order of its own, in which PostgreSQL would rather go through all events.
    """
    found = ids(pattern, in_order).where(events.c.id < _BEFORE)
    order = events.c.id if in_order else events.c.id + literal_column("0")
    return found.order_by(order.desc()).limit(_LIMIT)


@lru_cache(4 * REMEMBERED)
def _number(ids: List, pattern: str, in_order: bool) -> Select[int]:
    """Count a list, up to a limit."""
    some = ids(pattern, in_order).where(events.c.id < _BEFORE).limit(_LIMIT)
    return select(func.count()).select_from(some.subquery())


def _in_group(pattern: str, _in_order: bool) -> Ids:
    """Select a group's events."""
    is_visible = or_(
        events.c.kind != EventKind.MEMBER_LEFT.value, events.c.actor == events.c.subject
    )
    return select(events.c.id).where(
        events.c.group_id == _GROUP_ID, events.c.id > _AFTER, is_visible, *_audit_fits(pattern)
    )


def _of_accounts(pattern: str, in_order: bool) -> Ids:
    """Select the events of the accounts of a group's members."""
    # As in the index of only these. As an equation, it would lead SQLite to other indexes.
    is_account = events.c.group_id < literal_column("1")
    members = (
        select(users.c.name)
        .join(memberships, memberships.c.user_id == users.c.id)
        .where(memberships.c.group_id == _GROUP_ID)
    )
    found = select(events.c.id).where(is_account, events.c.id > _AFTER, *_audit_fits(pattern))
    if in_order:
        return found.where(members.where(users.c.name == events.c.subject).exists())
    return found.where(events.c.subject.in_(members))


def _audit_fits(pattern: str) -> list[ColumnElement[bool]]:
    columns = (events.c.actor, events.c.kind, events.c.subject)
    return [or_(*(fits(column, pattern) for column in columns))] if pattern else []


def _in_groups_of(pattern: str, in_order: bool) -> Ids:
    """Select the events in a user's groups that are for the user, since the user joined."""
    kinds = [kind for audience in _LISTED_FOR_MEMBERS for kind in kinds_for(audience)]
    includes = or_(
        *(events.c.kind.in_(kinds_for(one)) & _includes(one) for one in _LISTED_FOR_MEMBERS)
    )
    joined = memberships.c.joined_after_event_id
    is_theirs = and_(
        memberships.c.group_id == events.c.group_id,
        memberships.c.user_id == _USER_ID,
        events.c.id > case((joined > _AFTER, joined), else_=_AFTER),
        includes,
    )
    found = select(events.c.id).where(events.c.kind.in_(kinds), *_notice_fits(pattern))
    if in_order:
        return found.where(events.c.id > _AFTER, exists().where(is_theirs))
    return found.join(memberships, is_theirs)


def _about(pattern: str, _in_order: bool) -> Ids:
    """Select the events about a user."""
    created_at = select(users.c.created_at).where(users.c.id == _USER_ID).scalar_subquery()
    return select(events.c.id).where(
        events.c.subject == _USER,
        events.c.kind.in_(kinds_for(Audience.SUBJECT)),
        events.c.id > _AFTER,
        events.c.at >= created_at,  # another account may have had the name before
        *_notice_fits(pattern),
    )


def _notice_fits(pattern: str) -> list[ColumnElement[bool]]:
    """Return the conditions on a user's notices: others did it, and the text fits."""
    fitting = [fits(events.c.text, pattern)] if pattern else []
    return [events.c.actor != _USER, *fitting]


def _includes(audience: Audience) -> ColumnElement[bool]:
    """Return the condition for a member of an event's group to be in its audience."""
    match audience:
        case Audience.ADMINS:
            return is_admin(memberships.c.role)
        case Audience.SHARERS:
            shared = select(shares.c.id).where(
                shares.c.user_id == memberships.c.user_id,
                shares.c.shared_at <= events.c.at,
                files.c.id == shares.c.file_id,
                files.c.group_id == events.c.group_id,
                files.c.name == events.c.subject,
            )
            return shared.correlate(events, memberships).exists()
        case _:
            return true()
