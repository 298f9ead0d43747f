"""Very many sessions that keep habits, and what came of it.

crowd = Crowd(address)
crowd.open(tokens)                       # connects and resumes a session with each token
crowd.run(60, [PING, Habit("find_group", 10, lambda n: {"group": "lab"})])
crowd.seconds["ping"], crowd.refusals, crowd.lost
"""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from benchmarks.load.fleet import Fleet, FleetSession
from common.types import Endpoint

_OPENING: Final = 32  # sessions at once
_OPEN_SECONDS: Final = 60.0  # for so many
_LAST_REPLIES: Final = 60.0


@dataclass(frozen=True)
class Habit:
    """An operation that each session repeats every `seconds`, beginning at a random moment.

    `arguments` returns them for the session's number.
    """

    operation: str
    seconds: float
    arguments: Callable[[int], dict[str, Any]] = lambda _: {}


PING: Final = Habit("ping", 30.0)
"""What a client does that has nothing else to say."""


class Crowd:
    """The sessions at one tracker."""

    def __init__(self, address: Endpoint) -> None:
        self._address = address
        self._fleet = Fleet()
        self._sessions: list[FleetSession] = []
        self._waiting: set[int] = set()  # numbers of sessions
        self._pinged_at: dict[int, float] = {}  # while others are opened
        self.unanswered = 0
        """Requests that wait for their reply."""
        self.seconds: dict[str, list[float]] = defaultdict(list)
        """Durations of the answered requests, by operation."""
        self.refusals: Counter[str] = Counter()
        """Refused requests, by operation and error code."""
        self.lost = 0
        """Requests whose connection ended before the reply."""

    def open(self, tokens: Sequence[str]) -> None:
        """Connect and resume a session with each token, a few at a time."""
        for start in range(0, len(tokens), _OPENING):
            for token in tokens[start : start + _OPENING]:
                session = self._fleet.open(self._address)
                self._sessions.append(session)
                self.unanswered += 1
                number = len(self._sessions) - 1
                taken = partial(self._take, "resume_session", time.monotonic(), number)
                session.resume(token, taken)
            self._keep_alive()
            if not self._fleet.run(lambda: not self.unanswered, _OPEN_SECONDS):
                raise TimeoutError("the tracker accepts no more sessions")

    def _keep_alive(self) -> None:
        """Ping sessions that have been silent for as long as a client's ever are."""
        now = time.monotonic()
        for number in range(len(self._pinged_at), len(self._sessions)):
            self._pinged_at[number] = now
        for number, at in self._pinged_at.items():
            if now - at > PING.seconds:
                self._pinged_at[number] = now
                self._request(number, PING)

    @property
    def alive(self) -> int:
        """The number of open connections."""
        return sum(session.is_open for session in self._sessions)

    def run(self, seconds: float, habits: Sequence[Habit]) -> None:
        """Have every session keep these habits for so long; then wait for the last replies."""
        start = time.monotonic()
        due = [
            (start + random.uniform(0, habit.seconds), index, number)
            for index, habit in enumerate(habits)
            for number in range(len(self._sessions))
        ]
        heapq.heapify(due)

        def ask() -> bool:
            """Send what is due; return whether the time is over."""
            now = time.monotonic()
            while due[0][0] <= now < start + seconds:
                at, index, number = due[0]
                habit = habits[index]
                heapq.heapreplace(due, (at + habit.seconds, index, number))
                self._request(number, habit)
            return now >= start + seconds

        while not self._fleet.run(ask, seconds):
            pass
        self._fleet.run(lambda: not self.unanswered, _LAST_REPLIES)

    def forget(self) -> None:
        """Count from nothing again."""
        self.seconds.clear()
        self.refusals.clear()
        self.lost = 0

    def close(self) -> None:
        """Drop all connections."""
        self._fleet.close()

    def _request(self, number: int, habit: Habit) -> None:
        """Ask, unless the session still waits for an answer, as a client would."""
        if number in self._waiting:
            return
        self._waiting.add(number)
        self.unanswered += 1
        taken = partial(self._take, habit.operation, time.monotonic(), number)
        self._sessions[number].request(habit.operation, taken, **habit.arguments(number))

    def _take(self, operation: str, asked: float, number: int, reply: dict[str, Any]) -> None:
        self.unanswered -= 1
        self._waiting.discard(number)
        if not reply:
            self.lost += 1
            return
        self.seconds[operation].append(time.monotonic() - asked)
        if not reply["ok"]:
            self.refusals[f"{operation}: {reply['error']['code']}"] += 1


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values doesn't exceed; 0 without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
