"""Events: what happened, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, union_all
from sqlalchemy.orm import Session

from common.api.events import EventKind
from tracker.domain.audience import Audience, kinds_for
from tracker.domain.rules import Role
from tracker.store.matching import fits
from tracker.store.schema import Event, File, Membership, Share, User

NO_GROUP = 0
"""The group number of events that concern an account alone."""


class EventRepository:
    """The events in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, event: Event) -> None:
        """Note an event; it is seen once the unit of work is committed."""
        self._session.add(event)

    def last_id(self) -> int:
        """The newest event's id, 0 when there is none."""
        return self._session.scalar(select(func.max(Event.id))) or 0

    def after(self, event_id: int, limit: int) -> list[Event]:
        """The events after that one, the oldest first."""
        query = select(Event).where(Event.id > event_id).order_by(Event.id).limit(limit)
        return list(self._session.scalars(query))

    def count_of_group(self, group_id: int, pattern: str) -> int:
        """How many events an audit of a group has."""
        query = select(func.count()).select_from(union_all(*_audited(group_id, pattern)).subquery())
        return self._session.scalar(query) or 0

    def of_group(self, group_id: int, pattern: str, before: int, limit: int) -> list[Event]:
        """The next events of a group and of its members' accounts, the newest first.

        Those with numbers below `before`, unless that is 0. Of a removal, members are told in
        words of their own; here once is enough.
        """
        return self._newest(_audited(group_id, pattern), before, limit)

    def count_relevant(self, user: User, pattern: str) -> int:
        """How many events a user is to hear of."""
        return sum(
            self._session.scalar(select(func.count()).select_from(ids.subquery())) or 0
            for ids in _relevant_to(user, pattern)
        )

    def relevant_to(self, user: User, pattern: str, before: int, limit: int) -> list[Event]:
        """The next events that a user is to hear of, the newest first; `before` as above.

        Of a group, what happened while the user was in it.
        """
        return self._newest(_relevant_to(user, pattern), before, limit)

    def count_unread(self, user: User, limit: int) -> int:
        """How many of them happened since the user was last told; at most `limit`."""
        found = 0
        for ids in _relevant_to(user, ""):
            since = ids.where(Event.id > user.last_read_event_id).limit(limit - found)
            found += len(self._session.scalars(since).all())
        return found

    def _newest(self, sources: Sequence[Select[int]], before: int, limit: int) -> list[Event]:
        """The newest of events that come from several places, by number; `before` as above.

        Their numbers first: these an index has, and few of them are shown.
        """
        found: list[int] = []
        for ids in sources:
            query = ids.where(Event.id < before) if before else ids
            found += self._session.scalars(query.order_by(Event.id.desc()).limit(limit))
        newest = sorted(found, reverse=True)[:limit]
        events = select(Event).where(Event.id.in_(newest)).order_by(Event.id.desc())
        return list(self._session.scalars(events))

    def has_occurred_since(self, event: Event, since: float) -> bool:
        """Whether the same actor did the same to the same subject after `since`."""
        query = select(Event.id).where(
            Event.subject == event.subject,
            Event.group_id == event.group_id,
            Event.kind == event.kind,
            Event.actor == event.actor,
            Event.at >= since,
        )
        return self._session.scalars(query.limit(1)).first() is not None


def _audited(group_id: int, pattern: str) -> list[Select[int]]:
    """The numbers of a group's events, and of its members' accounts'; each has its own index."""
    members = (
        select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.group_id == group_id)
    )
    is_told = (Event.kind != EventKind.MEMBER_LEFT.value) | (Event.actor == Event.subject)
    fitting: list[ColumnElement[bool]] = []
    if pattern:
        columns = (Event.actor, Event.kind, Event.subject)
        fitting = [or_(*(fits(column, pattern) for column in columns))]
    return [
        select(Event.id).where(Event.group_id == group_id, is_told, *fitting),
        select(Event.id).where(Event.group_id == NO_GROUP, Event.subject.in_(members), *fitting),
    ]


def _relevant_to(user: User, pattern: str) -> list[Select[int]]:
    """The numbers of what concerns a user, in groups and himself; each has its own index.

    tracker.services.events has the same for who is online.
    """
    is_admin = Membership.role != Role.MEMBER.value
    shared = exists().where(
        Share.user_id == user.id,
        Share.shared_at <= Event.at,
        File.id == Share.file_id,
        File.group_id == Event.group_id,
        File.name == Event.subject,
    )
    in_group = or_(
        Event.kind.in_(kinds_for(Audience.MEMBERS, Audience.MEMBERS_AND_ACTOR)),
        Event.kind.in_(kinds_for(Audience.ADMINS)) & is_admin,
        Event.kind.in_(kinds_for(Audience.SHARERS)) & shared,
    )
    of_groups = (
        select(Event.id)
        .join(Membership, Membership.group_id == Event.group_id)
        .where(Membership.user_id == user.id, Event.at >= Membership.joined_at, in_group)
    )
    of_subject = select(Event.id).where(
        Event.subject == user.name, Event.kind.in_(kinds_for(Audience.SUBJECT))
    )
    fitting = [fits(Event.text, pattern)] if pattern else []
    return [ids.where(Event.actor != user.name, *fitting) for ids in (of_groups, of_subject)]
