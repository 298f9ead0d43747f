"""The audience of each kind of event: who gets a notice at once, and who can list it later.

tracker.store.events.events derives both from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from common.api.events import EventKind


class Audience(Enum):
    """Recipients of a notice. Notices are listed without those of one's own actions."""

    ADMINS = auto()
    """Of the group."""
    MEMBERS = auto()
    """Of the group."""
    MEMBERS_AND_ACTOR = auto()
    """At once also the actor, whose other clients have connections to drop, too."""
    CONNECTED_MEMBERS = auto()
    """As before, but not listed later: it is about connections."""
    SHARERS = auto()
    """The members who share the file."""
    SUBJECT = auto()
    """The user that the event is about."""
    NOBODY = auto()
    """Recorded for the audit trail only."""

    @property
    def includes_actor(self) -> bool:
        """Whether the actor gets the notice, too, if connected."""
        return self in (Audience.MEMBERS_AND_ACTOR, Audience.CONNECTED_MEMBERS)


AUDIENCES: Mapping[EventKind, Audience] = MappingProxyType(
    {
        EventKind.JOIN_REQUESTED: Audience.ADMINS,
        EventKind.REQUEST_ACCEPTED: Audience.SUBJECT,
        EventKind.REQUEST_REJECTED: Audience.SUBJECT,
        EventKind.MEMBER_REMOVED: Audience.SUBJECT,
        EventKind.MEMBER_LEFT: Audience.MEMBERS_AND_ACTOR,
        EventKind.MEMBER_BLOCKED: Audience.CONNECTED_MEMBERS,
        EventKind.MEMBER_DELETED: Audience.MEMBERS_AND_ACTOR,
        EventKind.CERTIFICATES_REVOKED: Audience.CONNECTED_MEMBERS,
        EventKind.ROLE_CHANGED: Audience.SUBJECT,
        EventKind.MEMBER_PROMOTED: Audience.SUBJECT,
        EventKind.MEMBER_DEMOTED: Audience.SUBJECT,
        EventKind.UPLOADER_MADE: Audience.SUBJECT,
        EventKind.READER_MADE: Audience.SUBJECT,
        EventKind.GROUP_TRANSFERRED: Audience.SUBJECT,
        EventKind.GROUP_INHERITED: Audience.SUBJECT,
        EventKind.INVITE_USED: Audience.ADMINS,
        EventKind.FILE_ADDED: Audience.MEMBERS,
        EventKind.FILE_REMOVED: Audience.MEMBERS_AND_ACTOR,
        EventKind.FILE_COMPLETED: Audience.SHARERS,
    }
)


DECISIONS = frozenset({EventKind.REQUEST_ACCEPTED, EventKind.REQUEST_REJECTED})
"""Of which the group's other admins hear at once, too, so that they wait for no list of requests:
as `request_decided`."""

ENDS_LOGINS = frozenset(
    {
        EventKind.LOGGED_OUT,
        EventKind.PASSWORD_CHANGED,
        EventKind.SESSION_ENDED,
        EventKind.PASSWORD_RESET,
        EventKind.ACCOUNT_BLOCKED,
        EventKind.ACCOUNT_DELETED,
    }
)
"""Events of an account after which some of its connections must be closed."""

PUSHED = frozenset(kind.value for kind in AUDIENCES.keys() | ENDS_LOGINS)
"""The kinds of events that somebody must hear of at once; others are only recorded."""


def audience_of(kind: str) -> Audience:
    """Return the audience of a kind of event; NOBODY for an unknown kind."""
    try:
        return AUDIENCES.get(EventKind(kind), Audience.NOBODY)
    except ValueError:
        return Audience.NOBODY


def kinds_for(audience: Audience) -> list[str]:
    """Return the kinds of events for this audience."""
    return [kind.value for kind, recipients in AUDIENCES.items() if recipients is audience]
