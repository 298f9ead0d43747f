"""The notices that a client gets whose login was committed when they were sent."""

from __future__ import annotations

from tracker.frontend.recent_notices import RecentNotices


def test_a_user_gets_the_notices_since_the_login() -> None:
    recent = RecentNotices()
    recent.add(3, frozenset({"ann"}), b"three")
    recent.add(4, frozenset({"ann", "bob"}), b"four")
    recent.add(4, frozenset({"ann", "bob"}), b"more of four")
    recent.add(5, frozenset({"bob"}), b"five")
    assert recent.of("ann", 3) == [b"four", b"more of four"]
    assert recent.of("bob", 0) == [b"four", b"more of four", b"five"]
    assert recent.of("eve", 0) == []


def test_a_user_learns_when_some_are_forgotten() -> None:
    recent = RecentNotices(most=2)
    for number in range(1, 5):
        recent.add(number, frozenset({"ann"}), b"%d" % number)
    assert recent.of("ann", 2) == [b"3", b"4"]
    assert recent.of("ann", 1) is None
