"""Events: what happened, in the order in which it happened."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, or_, select, union_all
from sqlalchemy.orm import Session

from common.api.events import EventKind
from tracker.domain.audience import Audience, kinds_for
from tracker.domain.rules import Role
from tracker.store.matching import fits
from tracker.store.schema import Event, File, Membership, Share, User

NO_GROUP = 0
"""The group number of events that concern an account alone."""


class Events:
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
        queries = [select(Event.id).where(*some) for some in _audited(group_id, pattern)]
        query = select(func.count()).select_from(union_all(*queries).subquery())
        return self._session.scalar(query) or 0

    def of_group(self, group_id: int, pattern: str, before: int, limit: int) -> list[Event]:
        """The next events of a group and of its members' accounts, the newest first.

        Those with numbers below `before`, unless that is 0. Of a removal, members are told in
        words of their own; here once is enough.
        """
        found: list[int] = []
        for some in _audited(group_id, pattern):
            query = select(Event.id).where(*some)
            if before:
                query = query.where(Event.id < before)
            found += self._session.scalars(query.order_by(Event.id.desc()).limit(limit))
        newest = sorted(found, reverse=True)[:limit]
        events = select(Event).where(Event.id.in_(newest)).order_by(Event.id.desc())
        return list(self._session.scalars(events))

    def count_concerning(self, user: User, pattern: str) -> int:
        """How many events a user is to hear of."""
        query = select(func.count()).select_from(Event).where(*_heard(user, pattern))
        return self._session.scalar(query) or 0

    def concerning(self, user: User, pattern: str, before: int, limit: int) -> list[Event]:
        """The next events that a user is to hear of, the newest first; `before` as above.

        Of a group, what happened while the user was in it.
        """
        query = select(Event).where(*_heard(user, pattern))
        if before:
            query = query.where(Event.id < before)
        return list(self._session.scalars(query.order_by(Event.id.desc()).limit(limit)))

    def count_untold(self, user: User, limit: int) -> int:
        """How many of them happened since the user was last told; at most `limit`."""
        query = select(Event.id).where(Event.id > user.told_event, _concerns(user)).limit(limit)
        return len(self._session.scalars(query).all())

    def is_told_already(self, event: Event, since: float) -> bool:
        """Whether the same actor did the same to the same subject after `since`."""
        query = select(Event.id).where(
            Event.subject == event.subject,
            Event.group_id == event.group_id,
            Event.kind == event.kind,
            Event.actor == event.actor,
            Event.at >= since,
        )
        return self._session.scalars(query.limit(1)).first() is not None


def _audited(group_id: int, pattern: str) -> list[list[ColumnElement[bool]]]:
    """Conditions of a group's events, and of its members' accounts'; each has its own index."""
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
        [Event.group_id == group_id, is_told, *fitting],
        [Event.group_id == NO_GROUP, Event.subject.in_(members), *fitting],
    ]


def _heard(user: User, pattern: str) -> list[ColumnElement[bool]]:
    fitting = [fits(Event.text, pattern)] if pattern else []
    return [_concerns(user), *fitting]


def _concerns(user: User) -> ColumnElement[bool]:
    """Whether an event concerns a user; as tracker.services.events has it for who is online."""
    was_member = (
        (Membership.user_id == user.id)
        & (Membership.group_id == Event.group_id)
        & (Membership.joined_at <= Event.at)
    )
    shared = (
        (Share.user_id == user.id)
        & (Share.shared_at <= Event.at)
        & (File.id == Share.file_id)
        & (File.group_id == Event.group_id)
        & (File.name == Event.subject)
    )
    of_members = Event.kind.in_(kinds_for(Audience.MEMBERS, Audience.MEMBERS_AND_ACTOR))
    of_admins = Event.kind.in_(kinds_for(Audience.ADMINS))
    of_sharers = Event.kind.in_(kinds_for(Audience.SHARERS))
    own_groups = select(Membership.group_id).where(Membership.user_id == user.id)
    of_groups = Event.group_id.in_(own_groups) & (
        (of_members & exists().where(was_member))
        | (of_admins & exists().where(was_member, Membership.role != Role.MEMBER.value))
        | (of_sharers & exists().where(shared))
    )
    of_subject = Event.kind.in_(kinds_for(Audience.SUBJECT)) & (Event.subject == user.name)
    return (Event.actor != user.name) & (of_groups | of_subject)
