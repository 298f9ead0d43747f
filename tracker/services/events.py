"""What happened: noted in the same unit of work as the deed, told to those it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.api import audit as api
from common.api.events import EventKind, EventNotice
from tracker.domain import rules
from tracker.domain.audience import Audience, audience_of
from tracker.services.caller import Identity
from tracker.services.clock import iso
from tracker.services.memberships import find_group
from tracker.store.events import NO_GROUP
from tracker.store.schema import Event, File, Group
from tracker.store.work import Work, Works

_BATCH = 500
_AUDITED = 1000
"""How many events an audit shows: the newest."""

_ENDS_LOGINS = frozenset(
    {EventKind.LOGGED_OUT, EventKind.PASSWORD_CHANGED, EventKind.SESSION_ENDED}
)
_ROLE_CHANGES = frozenset(
    {
        EventKind.MEMBER_PROMOTED,
        EventKind.MEMBER_DEMOTED,
        EventKind.GROUP_TRANSFERRED,
        EventKind.GROUP_INHERITED,
    }
)


@dataclass(frozen=True)
class Told:
    """A notice and the names of the users who are to see it.

    `ended` is a user some of whose logins have ended, so that connections are to be closed.
    """

    notice: EventNotice
    users: frozenset[str]
    ended: str | None = None


def record(
    work: Work,
    kind: EventKind,
    group: Group,
    me: Identity,
    subject: str,
    text: str,
    now: float,
    *,
    removed: Sequence[str] = (),
) -> None:
    """Note that somebody (`me`) did something in a group to `subject` (a user or a file).

    `removed` are the uids of holders whose certificates are not good any more because of it.
    """
    work.events.add(
        Event(
            at=now,
            kind=kind.value,
            group_id=group.id,
            group_name=group.name,
            actor=me.user,
            subject=subject,
            text=text,
            removed=" ".join(removed),
            address=me.address,
        )
    )


def record_account(
    work: Work, kind: EventKind, user: str, address: str, now: float, *, actor: str | None = None
) -> None:
    """Note what was done with an account from `address`: by its user, unless `actor` says else."""
    work.events.add(
        Event(
            at=now,
            kind=kind.value,
            group_id=NO_GROUP,
            group_name="",
            actor=user if actor is None else actor,
            subject=user,
            text="",
            address=address,
        )
    )


def record_completed(work: Work, file: File, user: str, address: str, now: float) -> None:
    """Note that a user has all of a file now; once, however often his clients say so."""
    group = work.files.group_of(file)
    event = Event(
        at=now,
        kind=EventKind.FILE_COMPLETED.value,
        group_id=group.id,
        group_name=group.name,
        actor=user,
        subject=file.name,
        text=f"{user} has finished downloading {file.name} of {group.name}.",
        address=address,
    )
    if not work.events.is_told_already(event, file.added_at):
        work.events.add(event)


class Events:
    """Reads the events of all trackers of the database, in order."""

    def __init__(self, works: Works) -> None:
        self._works = works

    def last_id(self) -> int:
        """The newest event's id."""
        with self._works.read() as work:
            return work.events.last_id()

    def after(self, event_id: int) -> list[Told]:
        """The next events after that one, with those who are told of them."""
        with self._works.read() as work:
            return [
                Told(
                    as_notice(event),
                    _audience(work, event),
                    event.subject if event.kind in _ENDS_LOGINS else None,
                )
                for event in work.events.after(event_id, _BATCH)
            ]

    def list_events(self, me: Identity, request: api.ListEvents) -> api.ListEventsReply:
        """What was done in a group and with its members' accounts, for the group's admins."""
        with self._works.read() as work:
            group = find_group(work, request.group)
            rules.require_admin(group.name, work.groups.role_of(group.id, me.user_id))
            users = [name for _, name in work.groups.members(group.id)]
            events = work.events.of_group(group.id, users, _AUDITED)
        return api.ListEventsReply(events=[_row(event) for event in events if _is_told(event)])


def _is_told(event: Event) -> bool:
    """Of a removal, members are told in words of their own; in the audit once is enough."""
    return event.kind != EventKind.MEMBER_LEFT or event.actor == event.subject


def _row(event: Event) -> api.AuditRow:
    return api.AuditRow(
        at=iso(event.at),
        who=event.actor,
        what=event.kind,
        subject=event.subject,
        address=event.address,
    )


def as_notice(event: Event) -> EventNotice:
    """An event as those whom it concerns are told of it."""
    return EventNotice(
        id=event.id,
        at=iso(event.at),
        kind=EventKind.ROLE_CHANGED if event.kind in _ROLE_CHANGES else event.kind,
        group=event.group_name,
        actor=event.actor,
        subject=event.subject,
        text=event.text,
        removed=event.removed.split(),
    )


def _audience(work: Work, event: Event) -> frozenset[str]:
    """Who is told, when online; tracker.store.events has the same for later."""
    members = work.groups.members(event.group_id)
    match audience_of(event.kind):
        case Audience.NOBODY:
            return frozenset()
        case Audience.MEMBERS_AND_ACTOR | Audience.CONNECTED_MEMBERS:
            return frozenset(name for _, name in members)
        case Audience.ADMINS:
            users = {name for member, name in members if member.role.is_admin}
        case Audience.MEMBERS:
            users = {name for _, name in members}
        case Audience.SHARERS:
            users = work.files.sharers(event.group_id, event.subject)
        case Audience.SUBJECT:
            users = {event.subject}
    return frozenset(users - {event.actor})
