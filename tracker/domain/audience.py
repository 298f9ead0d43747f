"""Whom an event concerns: who is told of it at once, and who can list it later."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from common.api.events import EventKind


class Audience(Enum):
    """Never the actor himself, unless it says so."""

    ADMINS = auto()
    """Of the group."""
    MEMBERS = auto()
    """Of the group."""
    MEMBERS_AND_ACTOR = auto()
    """The actor's own other clients, too, have connections to drop."""
    CONNECTED_MEMBERS = auto()
    """As before, but it concerns connections alone: nobody needs to hear of it later."""
    SHARERS = auto()
    """Those who offer the file that it is about."""
    SUBJECT = auto()
    """The user that it is about."""
    NOBODY = auto()
    """It is kept for the audit trail."""


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
    """Whom an event of this kind concerns; of a kind that isn't known (any more), nobody."""
    try:
        return AUDIENCES.get(EventKind(kind), Audience.NOBODY)
    except ValueError:
        return Audience.NOBODY


def kinds_for(*audiences: Audience) -> list[str]:
    """The kinds of events that concern these."""
    return [kind.value for kind, audience in AUDIENCES.items() if audience in audiences]
