"""Runs one operation by several workers at once, and measures what it cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from benchmarks.load.operations import Act, Operation, Worker

Clock = Callable[[], float]


@dataclass(frozen=True)
class Figures:
    """What an operation took: processor seconds of each, wall seconds of the whole run.

    `times` are the wall seconds of each operation, sorted.
    """

    seconds: float
    tracker_cpu: float
    database_cpu: float
    times: tuple[float, ...]

    def without(self, idle: Figures) -> Figures:
        """Return the figures less what the processes use anyway, in as many seconds."""
        share = self.seconds / idle.seconds
        return replace(
            self,
            tracker_cpu=self.tracker_cpu - share * idle.tracker_cpu,
            database_cpu=self.database_cpu - share * idle.database_cpu,
        )

    @property
    def rate(self) -> float:
        """Operations a second."""
        return len(self.times) / self.seconds

    @property
    def tracker_ms(self) -> float:
        """Milliseconds of the trackers' processor time for one operation."""
        return 1000 * self.tracker_cpu / len(self.times)

    @property
    def database_ms(self) -> float:
        """Milliseconds of the database processes' time for one operation."""
        return 1000 * self.database_cpu / len(self.times)

    @property
    def p99_ms(self) -> float:
        """Milliseconds that 99 of 100 operations didn't exceed."""
        return 1000 * self.times[-1 - len(self.times) // 100]


class MeasurementError(Exception):
    """Operations failed, or there were none; the message is the first error."""


def run(
    operation: Operation,
    workers: Sequence[Worker],
    seconds: float,
    tracker_cpu: Clock,
    database_cpu: Clock = lambda: 0.0,
    most: int = 1_000_000,
) -> Figures:
    """Repeat an operation for so many seconds, at most `most` times each.

    Raises MeasurementError.
    """
    with ExitStack() as stack:
        acts = [stack.enter_context(operation(worker)) for worker in workers]
        for act in acts:
            act()
        before = tracker_cpu(), database_cpu(), time.perf_counter()
        times = _together(acts, before[2] + seconds, most)
        after = tracker_cpu(), database_cpu(), time.perf_counter()
    cpu, database, wall = (b - a for a, b in zip(before, after, strict=True))
    return Figures(wall, cpu, database, tuple(sorted(times)))


def _together(acts: Sequence[Act], until: float, most: int) -> list[float]:
    times: list[float] = []
    errors: list[BaseException] = []

    def work(act: Act) -> None:
        mine: list[float] = []
        try:
            while (began := time.perf_counter()) < until and len(mine) < most and not errors:
                act()
                mine.append(time.perf_counter() - began)
        except Exception as error:
            errors.append(error)
        times.extend(mine)

    threads = [threading.Thread(target=work, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors or not times:
        raise MeasurementError(repr(errors[0] if errors else "nothing was done"))
    return times
