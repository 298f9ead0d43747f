from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from client.core.transfers.download_queue import NO_LIMIT, DownloadQueue, Entry

PATIENCE = 60.0


def entry(age: int, priority: int = 0, *, lonely: bool = False) -> Entry:
    return Entry(age, priority, is_lonely=lonely)


def test_places_are_assigned_by_priority_then_age() -> None:
    queue = DownloadQueue(2, PATIENCE)
    entries = [entry(1), entry(2, 5), entry(3), entry(4, 5), entry(5, -1)]
    assert queue.waiting(entries) == [2, 4, 1, 3, 5]
    assert queue.review(entries, 0.0) == ([2, 4], [])
    assert queue.waiting(entries) == [1, 3, 5]
    assert [queue.has_place(age) for age in range(1, 6)] == [False, True, False, True, False]
    assert queue.review(entries, 1.0) == ([], [])
    assert queue.review(entries[:3] + entries[4:], 2.0) == ([1], [])
    assert [age for age in range(1, 6) if queue.has_place(age)] == [1, 2]


def test_a_running_download_is_not_displaced_by_priority() -> None:
    queue = DownloadQueue(1, PATIENCE)
    queue.review([entry(1)], 0.0)
    assert queue.review([entry(1), entry(2, 9)], 1.0) == ([], [])


def test_a_download_without_peers_lends_its_place() -> None:
    queue = DownloadQueue(1, PATIENCE)
    alone, other = entry(1, lonely=True), entry(2)
    queue.review([alone, other], 0.0)
    assert queue.review([alone, other], PATIENCE - 1) == ([], [])
    assert queue.review([alone, other], PATIENCE) == ([2], [])
    assert queue.has_place(1)
    assert queue.review([entry(1), other], PATIENCE + 1) == ([], [2])  # the last in order
    assert queue.review([other], PATIENCE + 2) == ([2], [])


def test_time_without_peers_starts_when_the_last_peer_leaves() -> None:
    queue = DownloadQueue(1, PATIENCE)
    queue.review([entry(1)], 0.0)
    queue.review([entry(1), entry(2)], 500.0)
    assert queue.review([entry(1, lonely=True), entry(2)], 501.0) == ([], [])
    assert queue.review([entry(1, lonely=True), entry(2)], 500.0 + PATIENCE) == ([], [])
    assert queue.review([entry(1, lonely=True), entry(2)], 501.0 + PATIENCE) == ([2], [])


def test_fewer_places_requeue_the_last_and_no_limit_starts_all() -> None:
    queue = DownloadQueue(NO_LIMIT, PATIENCE)
    entries = [entry(1), entry(2, 1), entry(3)]
    assert queue.review(entries, 0.0) == ([2, 1, 3], [])
    queue.places = 1
    assert queue.review(entries, 1.0) == ([], [1, 3])
    queue.places = 2
    assert queue.review(entries, 2.0) == ([1], [])


def test_a_returning_download_waits_for_its_turn() -> None:
    queue = DownloadQueue(1, PATIENCE)
    queue.review([entry(1), entry(2)], 0.0)
    queue.leave(1)
    queue.leave(1)
    assert queue.review([entry(1), entry(2, 1)], 1.0) == ([2], [])


class QueueMachine(RuleBasedStateMachine):
    """Downloads start, end, gain and lose peers: the promises hold after every review."""

    @initialize(places=st.integers(0, 4))
    def begin(self, places: int) -> None:
        self.queue = DownloadQueue(places, PATIENCE)
        self.entries: dict[int, Entry] = {}
        self.alone: dict[int, float] = {}  # since which review
        self.now = 0.0
        self.age = 0

    @rule(priority=st.integers(-3, 3))
    def add(self, priority: int) -> None:
        self.age += 1
        self.entries[self.age] = entry(self.age, priority, lonely=True)

    @rule(data=st.data(), lonely=st.booleans(), priority=st.integers(-3, 3))
    def change(self, data: st.DataObject, lonely: bool, priority: int) -> None:
        if self.entries:
            age = data.draw(st.sampled_from(sorted(self.entries)))
            changed = replace(self.entries[age], is_lonely=lonely, priority=priority)
            self.entries[age] = changed

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        if self.entries:
            age = data.draw(st.sampled_from(sorted(self.entries)))
            del self.entries[age]
            self.queue.leave(age)
            assert not self.queue.has_place(age)

    @rule(places=st.integers(0, 4))
    def set_places(self, places: int) -> None:
        self.queue.places = places

    @rule(seconds=st.sampled_from([0.25, PATIENCE / 2, PATIENCE]))
    def review(self, seconds: float) -> None:
        before = {age for age in self.entries if self.queue.has_place(age)}
        self.now += seconds
        start, stop = self.queue.review(list(self.entries.values()), self.now)
        for age in before:
            if self.entries[age].is_lonely:
                self.alone.setdefault(age, self.now)
            else:
                self.alone.pop(age, None)
        self.alone.update(dict.fromkeys(start, self.now))
        running = {age for age in self.entries if self.queue.has_place(age)}
        assert running == before - set(stop) | set(start)
        assert not set(start) & before
        assert set(stop) <= before
        assert not (start and stop)
        self._check_order(running, start, stop)

    def _check_order(self, running: set[int], start: list[int], stop: list[int]) -> None:
        rank = {age: item.rank for age, item in self.entries.items()}
        waiting = self.entries.keys() - running
        busy = {age for age in running if self.now - self.alone.get(age, self.now) < PATIENCE}
        if self.queue.places == NO_LIMIT:
            assert not waiting
        else:
            assert len(busy) <= self.queue.places
            assert not waiting or len(busy) == self.queue.places
        assert all(rank[one] < rank[other] for one in start for other in waiting)
        assert all(rank[one] < rank[other] for one in busy for other in stop)

    @invariant()
    def knows_who_waits(self) -> None:
        waiting = self.queue.waiting(self.entries.values())
        assert waiting == sorted(
            (age for age in self.entries if not self.queue.has_place(age)),
            key=lambda age: self.entries[age].rank,
        )


TestQueueMachine = pytest.mark.slow(QueueMachine.TestCase)
