"""Notices: recipients, and those kept for the command `notices`."""

from __future__ import annotations

from datetime import UTC, datetime

from client.core.notices.events import LoggedOut
from client.core.notices.notice_kinds import NoticeKind
from client.event_bus import EventBus
from client.notices import Notices
from client.results import Notice


def test_the_first_listener_gets_earlier_notices() -> None:
    notices = Notices(EventBus())
    notices.publish(NoticeKind.TRACKER, "early")
    first: list[Notice] = []
    second: list[Notice] = []
    notices.listen(first.append)
    notices.listen(second.append)
    notices.publish(NoticeKind.WARNING, "late", "lab")
    assert [notice.text for notice in first] == ["early", "late"]
    assert second == [Notice(kind=NoticeKind.WARNING, text="late", group="lab")]


def test_notices_are_kept_with_utc_times() -> None:
    notices = Notices(EventBus(), lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    notices.publish(NoticeKind.TRACKER, "The tracker is gone.")
    (row,) = notices.kept()
    assert row.model_dump() == {
        "at": "2026-01-02T03:04:05Z",
        "kind": "tracker",
        "group": "",
        "text": "The tracker is gone.",
    }


def test_patterns_match_as_at_the_tracker() -> None:
    notices = Notices(EventBus())
    for text in ("lab/Film [1] is complete", "lab/song is complete"):
        notices.publish(NoticeKind.DOWNLOAD_COMPLETED, text)

    def found(pattern: str) -> int:
        return len(notices.kept(pattern))

    assert [found(p) for p in ("", "FILM", "film*", "*film [1]*", "lab/son?*")] == [2, 1, 0, 1, 1]


def test_notices_kept_by_the_tracker_are_not_kept_twice() -> None:
    notices = Notices(EventBus())
    notices.publish(NoticeKind.FILE_ADDED, "ann shares film in lab.", "lab")
    notices.publish("a_word_of_a_newer_tracker", "Something new.", "lab")
    assert notices.kept() == []


def test_the_newest_notices_are_kept_within_a_bound() -> None:
    events = EventBus()
    notices = Notices(events)
    notices.publish_events()
    for number in range(150):
        notices.publish(NoticeKind.WARNING, str(number))
    assert [row.text for row in notices.kept()] == [str(number) for number in range(50, 150)]
    events.publish(LoggedOut("ann"))
    assert notices.kept() == []
