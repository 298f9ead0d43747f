"""The audience of each kind of event: who gets a notice at once, and who can list it later."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from common.api.events import EventKind


class Audience(Enum):
    """Recipients of a notice; excludes the actor unless it says otherwise."""

    ADMINS = auto()
    """Of the group."""
    MEMBERS = auto()
    """Of the group."""
    MEMBERS_AND_ACTOR = auto()
    """Including the actor, whose other clients have connections to drop."""
    CONNECTED_MEMBERS = auto()
    """As before, but only those connected now: it is about connections, not worth listing later."""
    SHARERS = auto()
    """The users who share the file."""
    SUBJECT = auto()
    """The user that the event is about."""
    NOBODY = auto()
    """Recorded for the audit trail only."""


AUDIENCES: Mapping[EventKind, Audience] = MappingProxyType(
    {
        EventKind.JOIN_REQUESTED: Audience.ADMINS,
        EventKind.REQUEST_ACCEPTED: Audience.SUBJECT,
        EventKind.REQUEST_REJECTED: Audience.SUBJECT,
        EventKind.MEMBER_REMOVED: Audience.SUBJECT,
        EventKind.MEMBER_LEFT: Audience.MEMBERS_AND_ACTOR,
        EventKind.CERTIFICATES_REVOKED: Audience.CONNECTED_MEMBERS,
        EventKind.ROLE_CHANGED: Audience.SUBJECT,
        EventKind.MEMBER_PROMOTED: Audience.SUBJECT,
        EventKind.MEMBER_DEMOTED: Audience.SUBJECT,
        EventKind.GROUP_TRANSFERRED: Audience.SUBJECT,
        EventKind.GROUP_INHERITED: Audience.SUBJECT,
        EventKind.FILE_ADDED: Audience.MEMBERS,
        EventKind.FILE_COMPLETED: Audience.SHARERS,
    }
)


def audience_of(kind: str) -> Audience:
    """Return the audience of a kind of event; NOBODY for an unknown kind."""
    try:
        return AUDIENCES.get(EventKind(kind), Audience.NOBODY)
    except ValueError:
        return Audience.NOBODY


def kinds_for(*audiences: Audience) -> list[str]:
    """Return the kinds of events for these audiences."""
    return [kind.value for kind, audience in AUDIENCES.items() if audience in audiences]
