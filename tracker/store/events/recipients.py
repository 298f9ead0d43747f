"""Who gets a notice of an event at once: found among the users connected to one tracker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    select,
)

from tracker.domain.audience import DECISIONS, Audience, audience_of
from tracker.domain.rules import ADMINS
from tracker.store.records import Event
from tracker.store.tables import (
    connections,
    events,
    files,
    groups,
    memberships,
    one_of,
    shares,
    users,
)

LARGE = 1000
"""In groups with more members, connected ones are found by the connections; in others, by the
members. So a group costs at most this many look-ups, or one for each connection.
"""

_NOT_BY_MEMBERS = frozenset({Audience.NOBODY, Audience.SUBJECT})

_HERE = connections.c.tracker_id == bindparam("tracker")
_LARGER = select(groups.c.id).where(
    one_of(groups.c.id, "group_ids"),
    exists(
        select(memberships.c.id)
        .where(memberships.c.group_id == groups.c.id)
        .limit(1)
        .offset(bindparam("size"))
    ),
)


def _is_connected(user_id: ColumnElement[int], *, by_connections: bool) -> ColumnElement[bool]:
    """Return the condition that a user is connected to the tracker.

    The two forms mean the same, but lead SQLite to begin with the connections or to end with them;
    PostgreSQL decides by its own statistics.
    """
    if by_connections:
        return user_id.in_(select(connections.c.user_id).where(_HERE))
    return exists().where(connections.c.user_id == user_id, _HERE)


def _members(*, by_connections: bool) -> Select[int, str, str]:
    """Select the connected members of groups, with their roles."""
    return (
        select(memberships.c.group_id, memberships.c.role, users.c.name)
        .join(users, users.c.id == memberships.c.user_id)
        .where(
            one_of(memberships.c.group_id, "group_ids"),
            _is_connected(memberships.c.user_id, by_connections=by_connections),
        )
    )


def _sharers(*, by_connections: bool) -> Select[int, str]:
    """Select the connected members who shared the files of events when they happened."""
    is_member = exists().where(
        memberships.c.group_id == events.c.group_id, memberships.c.user_id == shares.c.user_id
    )
    return (
        select(events.c.id, users.c.name)
        .join(files, and_(files.c.group_id == events.c.group_id, files.c.name == events.c.subject))
        .join(shares, and_(shares.c.file_id == files.c.id, shares.c.shared_at <= events.c.at))
        .join(users, users.c.id == shares.c.user_id)
        .where(
            one_of(events.c.id, "event_ids"),
            is_member,
            _is_connected(shares.c.user_id, by_connections=by_connections),
        )
    )


_MEMBERS = {large: _members(by_connections=large) for large in (False, True)}
_SHARERS = {large: _sharers(by_connections=large) for large in (False, True)}


class Recipients:
    """The recipients of some events: those present members of a group who are connected."""

    def __init__(
        self, connection: Connection, tracker_id: str, events: Sequence[Event], large: int
    ) -> None:
        self._run = connection.execute
        self._tracker_id = tracker_id
        self._members: dict[int, set[str]] = defaultdict(set)  # by group
        self._admins: dict[int, set[str]] = defaultdict(set)  # by group
        self._sharers: dict[int, set[str]] = defaultdict(set)  # by event
        in_groups = [
            one
            for one in events
            if one.kind in DECISIONS or audience_of(one.kind) not in _NOT_BY_MEMBERS
        ]
        found = self._larger({one.group_id for one in in_groups}, large)
        self._look_up([one for one in in_groups if one.group_id in found], are_large=True)
        self._look_up([one for one in in_groups if one.group_id not in found], are_large=False)

    def of(self, event: Event) -> frozenset[str]:
        """Return the names of one event's recipients."""
        audience = audience_of(event.kind)
        match audience:
            case Audience.NOBODY:
                return frozenset()
            case Audience.SUBJECT:
                found = {event.subject}
            case Audience.ADMINS:
                found = self._admins[event.group_id]
            case Audience.SHARERS:
                found = self._sharers[event.id]
            case _:
                found = self._members[event.group_id]
        return frozenset(found if audience.includes_actor else found - {event.actor})

    def admins_beside(self, event: Event) -> frozenset[str]:
        """Return the names of a group's connected admins other than the actor of its event."""
        return frozenset(self._admins[event.group_id] - {event.actor})

    def _larger(self, group_ids: Collection[int], size: int) -> set[int]:
        """Return which groups have more than `size` members, without counting them all."""
        if not group_ids:
            return set()
        return set(self._run(_LARGER, {"group_ids": list(group_ids), "size": size}).scalars())

    def _look_up(self, found: Sequence[Event], *, are_large: bool) -> None:
        if not found:
            return
        values = {"tracker": self._tracker_id, "group_ids": list({one.group_id for one in found})}
        for group_id, role, name in self._run(_MEMBERS[are_large], values):
            self._members[group_id].add(name)
            if role in ADMINS:
                self._admins[group_id].add(name)
        shared = [one.id for one in found if audience_of(one.kind) is Audience.SHARERS]
        if shared:
            values = {"tracker": self._tracker_id, "event_ids": shared}
            for event_id, name in self._run(_SHARERS[are_large], values):
                self._sharers[event_id].add(name)
