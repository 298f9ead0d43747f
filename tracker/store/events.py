"""Events, in the order in which they happened."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true, union_all
from sqlalchemy.orm import Session

from common.api.events import EventKind
from common.types import InfoHash
from tracker.domain.audience import PUSHED, Audience, kinds_for
from tracker.store import schema
from tracker.store.dialects import takes_turns
from tracker.store.group_statements import is_admin
from tracker.store.matching import fits
from tracker.store.recipients import LARGE, Recipients
from tracker.store.records import User
from tracker.store.schema import Event, File, Membership, Share
from tracker.store.tables import events, new_row

NO_GROUP = 0
"""The group id of events that affect only an account."""

_LISTED_FOR_MEMBERS = (
    Audience.MEMBERS,
    Audience.MEMBERS_AND_ACTOR,
    Audience.ADMINS,
    Audience.SHARERS,
)
"""The audiences in a group whose notices can be listed later."""

_STORED = (
    "at",
    "kind",
    "group_id",
    "group_name",
    "actor",
    "subject",
    "text",
    "address",
    "info_hash",
)
_ADD = new_row(events, *_STORED, "removed")


class EventRepository:
    """Events, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.has_news = False
        """Whether an event was added that somebody must hear of at once."""

    def add(self, event: Event) -> None:
        """Record an event; others see it once the unit of work is committed.

        Only one writer at a time may, or an event could be committed after one with a larger id
        and be missed by every reader (decision 29): in any other unit of work, raises
        AssertionError.
        """
        if not takes_turns(self._session.get_bind()):
            raise AssertionError("an event needs a unit of work that takes its turn to write")
        values = {name: getattr(event, name) for name in _STORED}
        self._session.execute(_ADD, values | {"removed": event.removed or ""})
        self.has_news = self.has_news or event.kind in PUSHED

    def last_id(self) -> int:
        """Return the newest event's id, or 0."""
        return self._session.scalar(select(func.max(Event.id))) or 0

    def pushed_after(self, event_id: int, limit: int) -> list[Event]:
        """Return the next events after `event_id` that somebody must hear of, oldest first."""
        query = select(Event).where(Event.id > event_id, Event.kind.in_(PUSHED))
        return list(self._session.scalars(query.order_by(Event.id).limit(limit)))

    def recipients(
        self, events: Sequence[Event], tracker_id: str, large: int = LARGE
    ) -> Recipients:
        """Return the users connected to a tracker who get notices of these events.

        `large` is the number of members from which a group is searched by its connected ones.
        """
        return Recipients(self._session, tracker_id, events, large)

    def count_of_group(self, group_id: int, pattern: str) -> int:
        """Count the events in a group's audit trail."""
        query = select(func.count()).select_from(union_all(*_audited(group_id, pattern)).subquery())
        return self._session.scalar(query) or 0

    def of_group(self, group_id: int, pattern: str, before: int, limit: int) -> list[Event]:
        """Return the next events of a group and of its members' accounts, newest first.

        `before` limits them to smaller ids, unless it is 0. A removal is recorded twice, once for
        the remaining members; the audit trail shows it once.
        """
        return self._newest(_audited(group_id, pattern), before, limit)

    def count_relevant(self, user: User, pattern: str) -> int:
        """Count the events that a user gets notices of."""
        return sum(
            self._session.scalar(select(func.count()).select_from(ids.subquery())) or 0
            for ids in _relevant_to(user, pattern)
        )

    def relevant_to(self, user: User, pattern: str, before: int, limit: int) -> list[Event]:
        """Return the next events that a user gets notices of, newest first; `before` as above.

        Of a group's events, those during the user's membership.
        """
        return self._newest(_relevant_to(user, pattern), before, limit)

    def count_unread(self, user: User, limit: int) -> int:
        """Count the user's unread events, up to `limit`."""
        found = 0
        for ids in _relevant_to(user, ""):
            since = ids.where(Event.id > user.last_read_event_id).limit(limit - found)
            found += len(self._session.scalars(since).all())
        return found

    def _newest(self, sources: Sequence[Select[int]], before: int, limit: int) -> list[Event]:
        """Return the newest events of several queries, by id; `before` as above.

        Fetches the ids first: an index has them, and few events are shown.
        """
        found: list[int] = []
        for ids in sources:
            query = ids.where(Event.id < before) if before else ids
            found += self._session.scalars(query.order_by(Event.id.desc()).limit(limit))
        newest = sorted(found, reverse=True)[:limit]
        events = select(Event).where(Event.id.in_(newest)).order_by(Event.id.desc())
        return list(self._session.scalars(events))

    def removals(self, info_hashes: Collection[InfoHash]) -> dict[InfoHash, Event]:
        """Return the event that last removed each of these files from its group."""
        query = select(Event).where(Event.info_hash.in_(info_hashes)).order_by(Event.id)
        found = self._session.scalars(query)
        return {InfoHash(one.info_hash): one for one in found if one.info_hash is not None}

    def has_occurred_since(self, event: Event, since: float) -> bool:
        """Return whether the same actor did the same to the same subject after `since`."""
        query = select(Event.id).where(
            Event.subject == event.subject,
            Event.group_id == event.group_id,
            Event.kind == event.kind,
            Event.actor == event.actor,
            Event.at >= since,
        )
        return self._session.scalars(query.limit(1)).first() is not None


def _audited(group_id: int, pattern: str) -> list[Select[int]]:
    """Select the ids of a group's events and of its members' accounts', each by its own index."""
    members = (
        select(schema.User.name)
        .join(Membership, Membership.user_id == schema.User.id)
        .where(Membership.group_id == group_id)
    )
    is_visible = (Event.kind != EventKind.MEMBER_LEFT.value) | (Event.actor == Event.subject)
    fitting: list[ColumnElement[bool]] = []
    if pattern:
        columns = (Event.actor, Event.kind, Event.subject)
        fitting = [or_(*(fits(column, pattern) for column in columns))]
    return [
        select(Event.id).where(Event.group_id == group_id, is_visible, *fitting),
        select(Event.id).where(Event.group_id == NO_GROUP, Event.subject.in_(members), *fitting),
    ]


def _relevant_to(user: User, pattern: str) -> list[Select[int]]:
    """Select the ids of a user's events, in groups and by subject, each by its own index."""
    in_group = or_(
        *(
            Event.kind.in_(kinds_for(audience)) & _includes(audience, Event)
            for audience in _LISTED_FOR_MEMBERS
        )
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


def _includes(audience: Audience, event: Event | type[Event]) -> ColumnElement[bool]:
    """Return the condition for a member of an event's group (a Membership) to be in its audience.

    `event` is one event, or all of those selected.
    """
    match audience:
        case Audience.ADMINS:
            return is_admin(Membership.role)
        case Audience.SHARERS:
            return exists().where(
                Share.user_id == Membership.user_id,
                Share.shared_at <= event.at,
                File.id == Share.file_id,
                File.group_id == event.group_id,
                File.name == event.subject,
            )
        case _:
            return true()
