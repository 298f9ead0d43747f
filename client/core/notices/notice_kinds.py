"""Notices: the kinds there are, and how each is presented. Pure.

A notice is a sentence that the user gets without having asked for it. Every kind that exists is
in `NoticeKind` and has one entry in `PRESENTATIONS`; the shell, the page, the command `notices`
and the event stream show all of them, except that `notices` doesn't list the hint to itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType

from common.api.events import EventKind


class NoticeKind(StrEnum):
    """The kinds of notices; the values are what the event stream and JSON carry."""

    WARNING = "warning"
    TRACKER = "tracker"
    MISSED = "notices"
    DOWNLOAD_COMPLETED = "download_completed"
    DOWNLOAD_FAILED = "download_failed"
    DOWNLOAD_PAUSED = "download_paused"
    SHARE_FAILED = "share_failed"

    # Pushed by the tracker:
    JOIN_REQUESTED = EventKind.JOIN_REQUESTED.value
    REQUEST_ACCEPTED = EventKind.REQUEST_ACCEPTED.value
    REQUEST_REJECTED = EventKind.REQUEST_REJECTED.value
    MEMBER_REMOVED = EventKind.MEMBER_REMOVED.value
    MEMBER_LEFT = EventKind.MEMBER_LEFT.value
    CERTIFICATES_REVOKED = EventKind.CERTIFICATES_REVOKED.value
    ROLE_CHANGED = EventKind.ROLE_CHANGED.value
    INVITE_USED = EventKind.INVITE_USED.value
    FILE_ADDED = EventKind.FILE_ADDED.value
    FILE_REMOVED = EventKind.FILE_REMOVED.value
    FILE_COMPLETED = EventKind.FILE_COMPLETED.value


class Tone(Enum):
    """How urgent a notice is."""

    NEUTRAL = auto()
    CAUTION = auto()
    """The user may have to do something."""
    FAILURE = auto()
    """Something has stopped."""


class Keeper(Enum):
    """Which side keeps a notice for the command `notices`."""

    CLIENT = auto()
    """This client, while it runs and the user is logged in."""
    TRACKER = auto()
    """The tracker, in its database."""
    NEITHER = auto()
    """It only points to the list itself."""


@dataclass(frozen=True)
class Presentation:
    """How notices of one kind are shown: a heading of a word or two, and their tone."""

    heading: str
    tone: Tone = Tone.NEUTRAL
    keeper: Keeper = Keeper.CLIENT


PRESENTATIONS: Mapping[NoticeKind, Presentation] = MappingProxyType(
    {
        NoticeKind.WARNING: Presentation("Warning", Tone.CAUTION),
        NoticeKind.TRACKER: Presentation("Tracker"),
        NoticeKind.MISSED: Presentation("While you were away", keeper=Keeper.NEITHER),
        NoticeKind.DOWNLOAD_COMPLETED: Presentation("Download complete"),
        NoticeKind.DOWNLOAD_FAILED: Presentation("Download failed", Tone.FAILURE),
        NoticeKind.DOWNLOAD_PAUSED: Presentation("Download paused", Tone.CAUTION),
        NoticeKind.SHARE_FAILED: Presentation("Sharing stopped", Tone.FAILURE),
        NoticeKind.JOIN_REQUESTED: Presentation("Join request", keeper=Keeper.TRACKER),
        NoticeKind.REQUEST_ACCEPTED: Presentation("Request accepted", keeper=Keeper.TRACKER),
        NoticeKind.REQUEST_REJECTED: Presentation("Request rejected", keeper=Keeper.TRACKER),
        NoticeKind.MEMBER_REMOVED: Presentation("Removed", Tone.CAUTION, Keeper.TRACKER),
        NoticeKind.MEMBER_LEFT: Presentation("Member left", keeper=Keeper.TRACKER),
        NoticeKind.CERTIFICATES_REVOKED: Presentation("Certificate void"),
        NoticeKind.ROLE_CHANGED: Presentation("Role changed", keeper=Keeper.TRACKER),
        NoticeKind.INVITE_USED: Presentation("Invitation used", keeper=Keeper.TRACKER),
        NoticeKind.FILE_ADDED: Presentation("New file", keeper=Keeper.TRACKER),
        NoticeKind.FILE_REMOVED: Presentation("File removed", keeper=Keeper.TRACKER),
        NoticeKind.FILE_COMPLETED: Presentation("Downloaded from you", keeper=Keeper.TRACKER),
    }
)

_FROM_A_NEWER_TRACKER = Presentation("Notice", keeper=Keeper.TRACKER)


def presentation_of(kind: str) -> Presentation:
    """Return how a notice of this kind is shown; trackers newer than this client know others."""
    try:
        return PRESENTATIONS[NoticeKind(kind)]
    except ValueError:
        return _FROM_A_NEWER_TRACKER
