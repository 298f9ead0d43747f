"""Notices: recipients, and those kept for the command `notices`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from client.core.notices.events import LoggedOut
from client.core.notices.notice_kinds import NoticeKind
from client.event_bus import EventBus
from client.notices import FoldedNotices, Notices
from client.results.overview import Notice

ADDED = Notice(kind=NoticeKind.FILE_ADDED, text="ann shares x in lab.", group="lab", actor="ann")


class ManualTimer:
    """A timer that a test fires itself."""

    def __init__(self, seconds: float, function: Callable[[], None]) -> None:
        self.seconds = seconds
        self.function = function
        self.is_cancelled = False

    def start(self) -> None:
        pass

    def cancel(self) -> None:
        self.is_cancelled = True


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


def test_notices_that_belong_together_are_one_for_people() -> None:
    notices = Notices(EventBus())
    for_people: list[Notice] = []
    for_programs: list[Notice] = []
    end = notices.listen(for_people.append, folds=True)
    notices.listen(for_programs.append)
    for number in range(3):
        notices.publish(NoticeKind.FILE_ADDED, f"ann shares {number} in lab.", "lab", "ann")
    assert len(for_programs) == 3
    assert for_people == []
    notices.publish(NoticeKind.WARNING, "Urgent.")
    assert [notice.text for notice in for_people] == ["ann shared 3 files in lab.", "Urgent."]

    notices.publish(NoticeKind.FILE_ADDED, "ann shares x in lab.", "lab", "ann")
    end()
    assert for_people[-1].text == "ann shares x in lab."
    notices.publish(NoticeKind.WARNING, "Too late.")
    assert len(for_people) == 3


def test_a_notice_is_shown_a_moment_later() -> None:
    timers: list[ManualTimer] = []

    def make_timer(seconds: float, function: Callable[[], None]) -> ManualTimer:
        timers.append(ManualTimer(seconds, function))
        return timers[-1]

    now = 100.0
    shown: list[Notice] = []
    folded = FoldedNotices(shown.append, lambda: now, make_timer)
    folded.add(ADDED)
    folded.add(ADDED)
    assert [timer.seconds for timer in timers] == [1.0]
    now += 0.5
    folded.add(ADDED)
    now += 0.5
    timers[0].function()
    assert shown == []
    assert [timer.seconds for timer in timers] == [1.0, 0.5]
    now += 0.5
    timers[1].function()
    assert [notice.text for notice in shown] == ["ann shared 3 files in lab."]
    assert len(timers) == 2
    folded.add(ADDED)
    folded.close()
    assert timers[2].is_cancelled
    assert shown[-1] == ADDED


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
