"""Who gets a notice of an event at once: found among the users connected to one tracker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Row, and_, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from tracker.domain.audience import Audience, audience_of
from tracker.domain.rules import ADMINS
from tracker.store.schema import Connection, Event, File, Group, Membership, Share, User

LARGE = 1000
"""In groups with more members, connected ones are found by the connections; in others, by the
members. So a group costs at most this many look-ups, or one for each connection.
"""

_NOT_BY_MEMBERS = frozenset({Audience.NOBODY, Audience.SUBJECT})


class Recipients:
    """The recipients of some events: those present members of a group who are connected."""

    def __init__(
        self, session: Session, tracker_id: str, events: Sequence[Event], large: int
    ) -> None:
        self._session = session
        self._tracker_id = tracker_id
        self._members: dict[int, set[str]] = defaultdict(set)  # by group
        self._admins: dict[int, set[str]] = defaultdict(set)  # by group
        self._sharers: dict[int, set[str]] = defaultdict(set)  # by event
        in_groups = [one for one in events if audience_of(one.kind) not in _NOT_BY_MEMBERS]
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

    def _larger(self, group_ids: Collection[int], size: int) -> set[int]:
        """Return which groups have more than `size` members, without counting them all."""
        if not group_ids:
            return set()
        one_more = select(Membership.id).where(Membership.group_id == Group.id).offset(size)
        query = select(Group.id).where(Group.id.in_(group_ids), exists(one_more.limit(1)))
        return set(self._session.scalars(query))

    def _look_up(self, events: Sequence[Event], *, are_large: bool) -> None:
        if not events:
            return
        for group_id, role, name in self._find_members(events, are_large=are_large):
            self._members[group_id].add(name)
            if role in ADMINS:
                self._admins[group_id].add(name)
        shared = [one.id for one in events if audience_of(one.kind) is Audience.SHARERS]
        if shared:
            for event_id, name in self._find_sharers(shared, are_large=are_large):
                self._sharers[event_id].add(name)

    def _find_members(
        self, events: Sequence[Event], *, are_large: bool
    ) -> Iterable[Row[int, str, str]]:
        query = (
            select(Membership.group_id, Membership.role, User.name)
            .join(User, User.id == Membership.user_id)
            .where(
                Membership.group_id.in_({one.group_id for one in events}),
                self._is_connected(Membership.user_id, by_connections=are_large),
            )
        )
        return self._session.execute(query)

    def _find_sharers(
        self, event_ids: Collection[int], *, are_large: bool
    ) -> Iterable[Row[int, str]]:
        """Return ids of events with the members who shared the file when it happened."""
        is_member = exists().where(
            Membership.group_id == Event.group_id, Membership.user_id == Share.user_id
        )
        query = (
            select(Event.id, User.name)
            .join(File, and_(File.group_id == Event.group_id, File.name == Event.subject))
            .join(Share, and_(Share.file_id == File.id, Share.shared_at <= Event.at))
            .join(User, User.id == Share.user_id)
            .where(
                Event.id.in_(event_ids),
                is_member,
                self._is_connected(Share.user_id, by_connections=are_large),
            )
        )
        return self._session.execute(query)

    def _is_connected(
        self, user_id: InstrumentedAttribute[int], *, by_connections: bool
    ) -> ColumnElement[bool]:
        """Return the condition that a user is connected to the tracker.

        The two forms mean the same, but lead SQLite to begin with the connections or to end with
        them; PostgreSQL decides by its own statistics.
        """
        is_here = Connection.tracker_id == self._tracker_id
        if by_connections:
            return user_id.in_(select(Connection.user_id).where(is_here))
        return exists().where(Connection.user_id == user_id, is_here)
