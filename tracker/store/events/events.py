"""Events, in the order in which they happened."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select

from common.types import InfoHash
from tracker.domain.audience import PUSHED
from tracker.store.database.dialects import takes_turns
from tracker.store.events.recipients import LARGE, Recipients
from tracker.store.records import Event
from tracker.store.schema.events import Event as EventRow
from tracker.store.tables import EVENT_COLUMNS, NEWEST_EVENT, events, new_row, one_of

NO_GROUP = 0
"""The group id of events that affect only an account."""

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
_LAST_ID = select(NEWEST_EVENT)
_PUSHED_AFTER = (
    select(*EVENT_COLUMNS)
    .where(events.c.id > bindparam("after"), events.c.kind.in_(PUSHED))
    .order_by(events.c.id)
    .limit(bindparam("limit"))
)
_REMOVALS = (
    select(*EVENT_COLUMNS).where(one_of(events.c.info_hash, "info_hashes")).order_by(events.c.id)
)
_OCCURRED = (
    select(events.c.id)
    .where(
        *(events.c[name] == bindparam(name) for name in ("subject", "group_id", "kind", "actor")),
        events.c.at >= bindparam("since"),
    )
    .limit(1)
)


class EventRepository:
    """Events, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._run = connection.execute
        self.has_news = False
        """Whether an event was added that somebody must hear of at once."""

    def add(self, event: EventRow) -> None:
        """Record an event; others see it once the unit of work is committed.

        Only one writer at a time may, or an event could be committed after one with a larger id
        and be missed by every reader (decision 29): in any other unit of work, raises
        AssertionError.
        """
        self.add_for_each(event, [event.subject])

    def add_for_each(self, event: EventRow, subjects: Sequence[str]) -> None:
        """Record an event once for each of these subjects; see `add`."""
        if not takes_turns(self._connection):
            raise AssertionError("an event needs a unit of work that takes its turn to write")
        if not subjects:
            return
        values = {name: getattr(event, name) for name in _STORED}
        values["removed"] = event.removed or ""
        rows = [values | {"subject": subject} for subject in subjects]
        self._run(_ADD, rows if len(rows) > 1 else rows[0])
        self.has_news = self.has_news or event.kind in PUSHED

    def last_id(self) -> int:
        """Return the newest event's id, or 0."""
        return int(self._run(_LAST_ID).scalar_one())

    def pushed_after(self, event_id: int, limit: int) -> list[Event]:
        """Return the next events after `event_id` that somebody must hear of, oldest first."""
        found = self._run(_PUSHED_AFTER, {"after": event_id, "limit": limit})
        return [Event._make(row) for row in found]

    def recipients(
        self, events: Sequence[Event], tracker_id: str, large: int = LARGE
    ) -> Recipients:
        """Return the users connected to a tracker who get notices of these events.

        `large` is the number of members from which a group is searched by its connected ones.
        """
        return Recipients(self._connection, tracker_id, events, large)

    def removals(self, info_hashes: Collection[InfoHash]) -> dict[InfoHash, Event]:
        """Return the event that last removed each of these files from its group."""
        found = map(Event._make, self._run(_REMOVALS, {"info_hashes": list(info_hashes)}))
        return {InfoHash(one.info_hash): one for one in found if one.info_hash is not None}

    def has_occurred_since(self, event: EventRow, since: float) -> bool:
        """Return whether the same actor did the same to the same subject after `since`."""
        values = {name: getattr(event, name) for name in ("subject", "group_id", "kind", "actor")}
        return self._run(_OCCURRED, values | {"since": since}).first() is not None
