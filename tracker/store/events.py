"""Events: what happened, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from tracker.domain.audience import Audience, kinds_for
from tracker.domain.rules import Role
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

    def of_group(self, group_id: int, users: Collection[str], limit: int) -> list[Event]:
        """The newest events of a group and of the accounts of `users`, the oldest first."""
        query = (
            select(Event)
            .where(
                (Event.group_id == group_id)
                | ((Event.group_id == NO_GROUP) & Event.subject.in_(users))
            )
            .order_by(Event.id.desc())
            .limit(limit)
        )
        return list(self._session.scalars(query))[::-1]

    def concerning(self, user: User, limit: int) -> list[Event]:
        """The newest events that a user is to hear of, the oldest first.

        Of a group, what happened while the user was in it.
        """
        query = select(Event).where(_concerns(user)).order_by(Event.id.desc()).limit(limit)
        return list(self._session.scalars(query))[::-1]

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
