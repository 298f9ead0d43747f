"""What happened: noted in the same unit of work as the deed, told to those it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.api.events import EventKind, EventNotice
from tracker.services.clock import iso
from tracker.store.schema import Event, Group
from tracker.store.work import Work, Works

_BATCH = 500
_OF_EVERY_MEMBER = frozenset({EventKind.MEMBER_LEFT, EventKind.CERTIFICATES_REVOKED})


@dataclass(frozen=True)
class Told:
    """A notice and the names of the users who are to see it."""

    notice: EventNotice
    users: frozenset[str]


def record(
    work: Work,
    kind: EventKind,
    group: Group,
    actor: str,
    subject: str,
    text: str,
    now: float,
    *,
    removed: Sequence[str] = (),
) -> None:
    """Note that `actor` did something in a group to `subject` (a user or a file).

    `removed` are the uids of holders whose certificates are not good any more because of it.
    """
    work.events.add(
        Event(
            at=now,
            kind=kind.value,
            group_id=group.id,
            group_name=group.name,
            actor=actor,
            subject=subject,
            text=text,
            removed=" ".join(removed),
        )
    )


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
                Told(_notice(event), _audience(work, event))
                for event in work.events.after(event_id, _BATCH)
            ]


def _notice(event: Event) -> EventNotice:
    return EventNotice(
        id=event.id,
        at=iso(event.at),
        kind=event.kind,
        group=event.group_name,
        actor=event.actor,
        subject=event.subject,
        text=event.text,
        removed=event.removed.split(),
    )


def _audience(work: Work, event: Event) -> frozenset[str]:
    if event.kind == EventKind.JOIN_REQUESTED:
        members = work.groups.members(event.group_id)
        users = {name for member, name in members if member.role.is_admin}
    elif event.kind == EventKind.FILE_ADDED:
        users = {name for _, name in work.groups.members(event.group_id)}
    elif event.kind in _OF_EVERY_MEMBER:
        # The actor's own clients, too, have connections to drop.
        return frozenset(name for _, name in work.groups.members(event.group_id))
    else:
        users = {event.subject}
    return frozenset(users - {event.actor})
