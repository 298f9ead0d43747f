"""Events: what happened, in the order in which it happened."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.store.schema import Event


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
