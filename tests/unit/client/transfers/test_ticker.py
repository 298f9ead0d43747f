"""The thread that ticks, and when it has the progress recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import structlog

from client.config import Timing
from client.transfers.ticker import Ticker
from tests.support.fakes.torrents import Clock
from tests.support.waiting import wait_until


class Ticks:
    """Counts; `before` is called at each tick."""

    def __init__(self) -> None:
        self.ticks = self.checkpoints = 0
        self.before: Callable[[], object] = lambda: None

    def tick(self) -> None:
        self.ticks += 1
        self.before()

    def checkpoint_later(self) -> None:
        self.checkpoints += 1

    def wait(self, more: int = 2) -> None:
        until = self.ticks + more
        wait_until(lambda: self.ticks >= until, what="the ticker")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ticks(clock: Clock) -> Iterator[Ticks]:
    ticks = Ticks()
    ticker = Ticker(ticks, clock, Timing(tick_every=0.001, checkpoint_every=30.0))
    yield ticks
    ticker.close()
    ended = ticks.ticks
    ticker.close()
    assert ticks.ticks == ended


def test_a_bug_does_not_end_the_ticks(ticks: Ticks) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a bug")

    with structlog.testing.capture_logs() as log:
        ticks.before = fail
        ticks.wait(3)
        ticks.before = lambda: None
        ticks.wait()
    assert "tick failed" in [entry["event"] for entry in log]


def test_checkpoints_come_as_often_as_they_should(ticks: Ticks, clock: Clock) -> None:
    ticks.wait()
    assert ticks.checkpoints == 0
    clock.advance(30.0)
    ticks.wait(3)
    assert ticks.checkpoints == 1
    clock.advance(29.0)
    ticks.wait(3)
    assert ticks.checkpoints == 1
    clock.advance(1.0)
    ticks.wait(3)
    assert ticks.checkpoints == 2
