"""Writes of many threads in one commit, and what becomes of those that fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.support.waiting import wait_until
from tracker.store.database.queue_lock import QueueLock
from tracker.store.group_commit import GroupCommit, again_on_deadlock


class BusyError(Exception):
    """The turn would take too long."""


class Bench:
    """A group commit whose turns and commits the test controls."""

    def __init__(self) -> None:
        self.lock = QueueLock()
        self.commits: list[int] = []
        self.on_turn: Callable[[], None] = lambda: None
        self.group = GroupCommit(self._commit, self._turn)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.on_turn()
        with self.lock.held():
            yield

    def _commit(self, acts: Sequence[Callable[[Any], Any]]) -> list[Any]:
        results = [act(None) for act in acts]
        self.commits.append(len(acts))
        return results

    def start(self, act: Callable[[Any], Any], outcomes: list[object]) -> threading.Thread:
        def run() -> None:
            try:
                outcomes.append(self.group.run(act))
            except Exception as error:
                outcomes.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread


@pytest.fixture
def bench() -> Bench:
    return Bench()


def act(result: object) -> Callable[[Any], object]:
    return lambda _: result


def fail(_: Any) -> object:
    raise ValueError("not this one")


def test_those_who_wait_are_committed_together(bench: Bench) -> None:
    outcomes: list[object] = []
    with bench.lock.held():
        threads = [bench.start(act(number), outcomes) for number in range(5)]
        wait_until(lambda: bench.lock.waiting() == 5, what="all to wait")
    for thread in threads:
        thread.join(30)
    assert sorted(map(str, outcomes)) == ["0", "1", "2", "3", "4"]
    assert bench.commits == [5]


def test_one_that_fails_leaves_the_others_alone(bench: Bench) -> None:
    outcomes: list[object] = []
    with bench.lock.held():
        threads = [bench.start(one, outcomes) for one in (act(1), fail, act(2))]
        wait_until(lambda: bench.lock.waiting() == 3, what="all to wait")
    for thread in threads:
        thread.join(30)
    assert sorted(str(one) for one in outcomes) == ["1", "2", "not this one"]
    assert bench.commits == [1, 1]


def test_what_has_no_turn_is_not_committed(bench: Bench) -> None:
    def refuse() -> None:
        raise BusyError

    bench.on_turn = refuse
    with pytest.raises(BusyError):
        bench.group.run(act(1))
    bench.on_turn = lambda: None
    assert bench.group.run(act(2)) == 2
    assert bench.commits == [1]


def test_a_turn_refused_too_late(bench: Bench) -> None:
    """Another thread has committed it meanwhile."""

    def refuse_after_another() -> None:
        bench.on_turn = lambda: None
        bench.group.run(act(2))
        raise BusyError

    bench.on_turn = refuse_after_another
    assert bench.group.run(act(1)) == 1
    assert bench.commits == [2]


class _DriverError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("failures", "tried", "is_done"),
    [([], 1, True), (["40P01"] * 3, 4, True), (["40P01"] * 4, 4, False), (["53100"], 1, False)],
)
def test_only_deadlocks_are_tried_again(failures: list[str], tried: int, is_done: bool) -> None:
    left, calls = list(failures), []

    def write() -> bool:
        calls.append(1)
        if left:
            raise OperationalError("", {}, _DriverError(left.pop()))
        return True

    if is_done:
        assert again_on_deadlock(write)
    else:
        with pytest.raises(OperationalError):
            again_on_deadlock(write)
    assert len(calls) == tried
