"""Events: what happened, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.store.schema import Event

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
