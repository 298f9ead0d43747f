"""Events: recorded in the unit of work that causes them, delivered to their audience."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from common.api import audit as api
from common.api.events import EventKind, EventNotice
from common.api.paging import MAX_PAGE
from tracker.domain.audience import DECISIONS, ENDS_LOGINS
from tracker.domain.paging import cut, number_after
from tracker.services.caller import Identity
from tracker.services.clock import Clock, iso
from tracker.services.lookups import find_administered_group
from tracker.services.totals import MANY, Totals
from tracker.store.events.events import NO_GROUP
from tracker.store.events.recipients import Recipients
from tracker.store.records import Event, File, Group
from tracker.store.schema.events import Event as EventRow
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_BATCH = 500
_BLOCKS_INDEXED = 8  # by one unit of work: others may not write for 2 ms, on PostgreSQL 25 ms
_INDEXINGS = 12  # one after the other, so that a large database of an earlier version is soon done
_INDEX_SECONDS = 60.0
"""How long new events are left to be compared with each pattern, once the others are indexed."""

_SENT_AS: Mapping[str, EventKind] = MappingProxyType(
    {
        EventKind.MEMBER_PROMOTED: EventKind.ROLE_CHANGED,
        EventKind.MEMBER_DEMOTED: EventKind.ROLE_CHANGED,
        EventKind.UPLOADER_MADE: EventKind.ROLE_CHANGED,
        EventKind.READER_MADE: EventKind.ROLE_CHANGED,
        EventKind.GROUP_TRANSFERRED: EventKind.ROLE_CHANGED,
        EventKind.GROUP_INHERITED: EventKind.ROLE_CHANGED,
        EventKind.MEMBER_BLOCKED: EventKind.MEMBER_LEFT,
        EventKind.MEMBER_DELETED: EventKind.MEMBER_LEFT,
    }
)
"""What clients know some kinds as."""


@dataclass(frozen=True)
class Delivery:
    """A notice and the names of its recipients.

    `ended` is a user some of whose logins have ended, so that their connections must be closed.
    """

    notice: EventNotice
    users: frozenset[str]
    ended: str | None = None


@dataclass(frozen=True)
class News:
    """What to send, in order, because of the events up to the one with the id `position`.

    `is_all` is false if there are more events.
    """

    deliveries: list[Delivery]
    position: int
    is_all: bool


def record(
    work: UnitOfWork,
    kind: EventKind,
    group: Group,
    me: Identity,
    subject: str,
    text: str,
    now: float,
    *,
    removed: Sequence[str] = (),
) -> None:
    """Record that `me` did something in a group to `subject` (a user or a file).

    `removed` lists the uids of holders whose certificates it revokes.
    """
    event = _event(kind, group, me.user, subject, me.address, now, text)
    event.removed = " ".join(removed)
    work.events.add(event)


def record_for_each(
    work: UnitOfWork,
    kind: EventKind,
    group: Group,
    me: Identity,
    subjects: Sequence[str],
    text: str,
    now: float,
) -> None:
    """Record that `me` did the same in a group to each of many users."""
    event = _event(kind, group, me.user, "", me.address, now, text)
    work.events.add_for_each(event, subjects)


def record_removal(work: UnitOfWork, file: File, group: Group, me: Identity, now: float) -> None:
    """Record that `me` removed a file from its group."""
    text = f"{me.user} removed {file.name} from {group.name}."
    event = _event(EventKind.FILE_REMOVED, group, me.user, file.name, me.address, now, text)
    event.info_hash = file.info_hash
    work.events.add(event)


def record_account(
    work: UnitOfWork,
    kind: EventKind,
    user: str,
    address: str,
    now: float,
    *,
    actor: str | None = None,
) -> None:
    """Record an event of an account from `address`, by its own user unless `actor` is given."""
    work.events.add(_event(kind, None, user if actor is None else actor, user, address, now))


def record_refusal(
    work: UnitOfWork, group: Group, user: str, number: str, address: str, now: float
) -> None:
    """Record that invitation `number` to a group was refused to `user`, empty without a login."""
    work.events.add(_event(EventKind.INVITE_REFUSED, group, user, number, address, now))


def record_completed(work: UnitOfWork, file: File, user: str, address: str, now: float) -> None:
    """Record that a user has completed a file; once, however often the user's clients report it."""
    group = work.files.group_of(file)
    text = f"{user} has finished downloading {file.name} of {group.name}."
    event = _event(EventKind.FILE_COMPLETED, group, user, file.name, address, now, text)
    if not work.events.has_occurred_since(event, file.added_at):
        work.events.add(event)


def _event(
    kind: EventKind,
    group: Group | None,
    actor: str,
    subject: str,
    address: str,
    now: float,
    text: str = "",
) -> EventRow:
    """Return an event in a group, or of an account."""
    return EventRow(
        at=now,
        kind=kind.value,
        group_id=NO_GROUP if group is None else group.id,
        group_name="" if group is None else group.name,
        actor=actor,
        subject=subject,
        text=text,
        address=address,
    )


class EventService:
    """Reads the events of all trackers of the database in order, for this tracker's users."""

    def __init__(self, database: UnitOfWorkFactory, tracker_id: str, steady: Clock) -> None:
        self._totals = Totals(steady)
        self._database = database
        self.tracker_id = tracker_id
        self.sent = 0
        """The newest event of which this tracker has sent all notices: its users have read them."""
        self._steady = steady
        self._index_from = -math.inf

    def last_id(self) -> int:
        """Return the newest event's id, or 0."""
        with self._database.read(urgent=True) as work:
            return work.events.last_id()

    def after(self, event_id: int) -> News:
        """Return what to send because of the next events after `event_id`."""
        with self._database.read(urgent=True) as work:
            events = work.events.pushed_after(event_id, _BATCH)
            is_all = len(events) < _BATCH
            # From the same snapshot, so that no event appears in between.
            position = work.events.last_id() if is_all else events[-1].id
            recipients = work.events.recipients(events, self.tracker_id)
        deliveries = [delivery for event in events for delivery in _deliveries(event, recipients)]
        return News(deliveries, position, is_all)

    def index(self) -> None:
        """Index some of the events that aren't yet, so that patterns find them soon.

        To be called every few seconds.
        """
        if self._steady() < self._index_from:
            return
        for _ in range(_INDEXINGS):
            with self._database.write() as work:
                has_more = work.event_parts.extend(_BLOCKS_INDEXED)
            if not has_more:
                self._index_from = self._steady() + _INDEX_SECONDS
                break

    def list_events(self, me: Identity, request: api.ListEvents) -> api.ListEventsReply:
        """Return a page of the audit trail of a group and its members' accounts, for its admins."""
        before = number_after(request.after)
        with self._database.read() as work:
            group, _ = find_administered_group(work, me, request.group)
            found = work.event_lists.of_group(group.id, request.pattern, before, request.rows + 1)
            if before or len(found) > request.rows:
                count = partial(work.event_lists.count_of_group, group.id, request.pattern)
                is_crowd = work.sizes.of_group(group.id).members > MANY  # their accounts count, too
                total = self._totals.of(group.id, request.pattern, count, 0 if is_crowd else MANY)
            else:
                total = len(found)
        events, following = cut(found, request.rows, lambda event: str(event.id))
        rows = [_row(event) for event in reversed(events)]
        return api.ListEventsReply(events=rows, total=total, next=following)


def _deliveries(event: Event, recipients: Recipients) -> list[Delivery]:
    """Turn an event into notices: several if it revokes many holders, or concerns admins, too."""
    users = recipients.of(event)
    holders = event.removed.split()
    ended = event.subject if event.kind in ENDS_LOGINS else None
    deliveries = [Delivery(as_notice(event, holders[:MAX_PAGE]), users, ended)]
    for start in range(MAX_PAGE, len(holders), MAX_PAGE):
        more = as_notice(event, holders[start : start + MAX_PAGE])
        kind = EventKind.CERTIFICATES_REVOKED.value
        deliveries.append(Delivery(more.model_copy(update={"kind": kind}), users))
    if event.kind in DECISIONS:
        deliveries.append(Delivery(_to_admins(event), recipients.admins_beside(event)))
    return deliveries


def _to_admins(event: Event) -> EventNotice:
    """Turn a decision on a request into a notice for the group's other admins."""
    who, asker, group = event.actor, event.subject, event.group_name
    text = (
        f"{who} let {asker} into {group}."
        if event.kind == EventKind.REQUEST_ACCEPTED
        else f"{who} rejected the request of {asker} to join {group}."
    )
    kind = EventKind.REQUEST_DECIDED.value
    return as_notice(event).model_copy(update={"kind": kind, "text": text})


def _row(event: Event) -> api.AuditRow:
    return api.AuditRow(
        at=iso(event.at),
        who=event.actor,
        what=event.kind,
        subject=event.subject,
        address=event.address,
    )


def as_notice(event: Event, removed: Sequence[str] = ()) -> EventNotice:
    """Turn an event into a notice that lists these holders as removed."""
    return EventNotice(
        id=event.id,
        at=iso(event.at),
        kind=_SENT_AS.get(event.kind, event.kind),
        group=event.group_name,
        actor=event.actor,
        subject=event.subject,
        text=event.text,
        removed=list(removed),
        info_hash="" if event.info_hash is None else event.info_hash.hex(),
    )
