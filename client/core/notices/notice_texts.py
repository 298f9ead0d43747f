"""The sentences that tell the user of events. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from client.core.notices import events
from client.core.notices.notice_kinds import NoticeKind
from common.api.events import EventKind
from common.text import count, duration, rate, size

_MINUTE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A notice's text, and its group and the user who caused it, if any."""

    kind: NoticeKind | str
    text: str
    group: str | None = None
    actor: str = ""


def notice_of(event: events.Event) -> NoticeText | None:
    """Return the notice for an event, or None if it needs none."""
    if isinstance(event, events.TransferEvent):
        return _of_transfer(event)
    match event:
        case events.TrackerConnected(tracker, is_back=True):
            return NoticeText(NoticeKind.TRACKER, f"Connected to the tracker at {tracker}.")
        case events.TrackerLost(tracker):
            return NoticeText(
                NoticeKind.TRACKER,
                f"Lost the connection to the tracker at {tracker}; reconnecting. Transfers "
                "continue.",
            )
        case events.GroupEvent(kind=EventKind.CERTIFICATES_REVOKED):
            return None  # somebody's client has ended: this is about connections only
        case events.GroupEvent(kind=EventKind.REQUEST_DECIDED):
            return None  # another admin has acted: it counts as one request less
        case events.GroupEvent(kind=kind, group=group, text=text, actor=actor):
            return NoticeText(kind, text, group, actor)
        case events.EventsMissed(missed):
            text = f"You missed {count(missed, 'notice')}; type: notices"
            return NoticeText(NoticeKind.MISSED, text)
        case events.LoggedOut(user, str(reason)):
            return NoticeText(NoticeKind.TRACKER, f"{user} is logged out: {reason}")
    return None


def _of_transfer(event: events.TransferEvent) -> NoticeText | None:
    title, group = event.title, event.group
    match event:
        case events.TransferCompleted():
            text = f"{title} is complete: {_achieved(event)}"
            return NoticeText(NoticeKind.DOWNLOAD_COMPLETED, text, group)
        case events.TransferFailed(message=why):
            return NoticeText(NoticeKind.DOWNLOAD_FAILED, f"{title} has stopped: {why}", group)
        case events.TransferPaused(message=why):
            return NoticeText(NoticeKind.DOWNLOAD_PAUSED, f"{title} has stopped: {why}", group)
        case events.ShareFailed(message=why):
            return NoticeText(NoticeKind.SHARE_FAILED, f"{title} has stopped: {why}", group)
        case events.PiecesLost(count=lost):
            pieces = "1 piece of it was" if lost == 1 else f"{lost:,} pieces of it were"
            text = (
                f"{title} has changed on the disk: {pieces} wrong or missing there and "
                "will be downloaded again."
            )
            return NoticeText(NoticeKind.WARNING, text, group)
    return None


def _achieved(event: events.TransferCompleted) -> str:
    """Return the size, time and rate of the run that completed a download, and where it is.

    What was there before that run, or was received twice, does not count for its rate.
    """
    seconds = max(event.seconds, 0.001)
    took = f"{seconds:.1f} s" if seconds < _MINUTE else duration(seconds)
    peers, speed = count(event.sources, "peer"), rate(event.fetched / seconds)
    whole = size(event.size)
    if event.size and not event.fetched:
        return f"{whole}, all of which was here, at {event.path}"
    if event.fetched < event.size:
        part = f"of which {size(event.fetched)} in {took} ({speed})"
        return f"{whole}, {part} from {peers}, at {event.path}"
    return f"{whole} in {took}, {speed} from {peers}, at {event.path}"
