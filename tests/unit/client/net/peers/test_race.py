"""Several ways at once: the first that works is kept, the others are cancelled."""

from __future__ import annotations

import threading

import pytest

from client.net.peers.race import race
from tests.support.waiting import wait_until
from tests.unit.client.net.conftest import Log

LONG = 60.0
AT_ONCE = 0.0


class FakeWay:
    """A way that works or fails when told to, or when it is cancelled."""

    def __init__(self, *, works: bool | None = None) -> None:
        self.has_begun = threading.Event()
        self.is_cancelled = False
        self._decided = threading.Event()
        self._works = bool(works)
        if works is not None:
            self._decided.set()

    def go(self) -> bool:
        self.has_begun.set()
        assert self._decided.wait(20.0)
        return self._works and not self.is_cancelled

    def decide(self, *, works: bool) -> None:
        self._works = works
        self._decided.set()

    def cancel(self) -> None:
        self.is_cancelled = True
        self._decided.set()


def test_the_first_that_works_has_no_rival() -> None:
    first, second = FakeWay(works=True), FakeWay()
    assert race([first, second], LONG) is first
    assert not second.has_begun.is_set()


def test_the_next_begins_as_soon_as_one_has_failed() -> None:
    ways = [FakeWay(works=False), FakeWay(works=False), FakeWay(works=True)]
    assert race(ways, LONG) is ways[-1]


def test_the_next_begins_beside_one_that_takes_long() -> None:
    slow, quick = FakeWay(), FakeWay(works=True)
    assert race([slow, quick], AT_ONCE) is quick
    wait_until(lambda: slow.is_cancelled, what="the slow one to be given up")


def test_one_that_took_long_may_still_win() -> None:
    slow, dead = FakeWay(), FakeWay()
    outcome: list[FakeWay | None] = []
    racing = threading.Thread(target=lambda: outcome.append(race([slow, dead], AT_ONCE)))
    racing.start()
    assert dead.has_begun.wait(20.0)
    slow.decide(works=True)
    racing.join(20.0)
    assert outcome == [slow]
    assert dead.is_cancelled
    assert not slow.is_cancelled


def test_of_two_that_work_one_is_closed() -> None:
    ways = [FakeWay(), FakeWay()]
    outcome: list[FakeWay | None] = []
    racing = threading.Thread(target=lambda: outcome.append(race(ways, AT_ONCE)))
    racing.start()
    assert ways[1].has_begun.wait(20.0)
    for way in ways:
        way.decide(works=True)
    racing.join(20.0)
    (winner,) = outcome
    assert [way for way in ways if not way.is_cancelled] == [winner]


def test_none_works() -> None:
    assert race([FakeWay(works=False), FakeWay(works=False)], AT_ONCE) is None


def test_a_bug_in_one_stops_no_other(log: Log) -> None:
    class Broken(FakeWay):
        def go(self) -> bool:
            raise ValueError

    works = FakeWay(works=True)
    assert race([Broken(), works], LONG) is works
    assert [entry["event"] for entry in log] == ["a way to a peer failed"]
    log.clear()


def test_without_threads_there_is_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    assert race([FakeWay(works=True)], AT_ONCE) is None
