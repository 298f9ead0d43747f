"""Commits many short writes together: a commit waits for the disk, however little it has."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import OperationalError

from tracker.store.presence.writer import PresenceWriter
from tracker.waits import waiting

T = TypeVar("T")
Act = Callable[[PresenceWriter], T]
Commit = Callable[[Sequence[Callable[[PresenceWriter], Any]]], list[Any]]

_MOST = 50
"""Writes in one commit: others wait meanwhile."""

_ATTEMPTS = 4
_DEADLOCK = "40P01"  # PostgreSQL's code


class _Job(Generic[T]):
    """A write that waits to be committed with others; its outcome is `result` or `error`."""

    def __init__(self, act: Act[T]) -> None:
        self.act = act
        self.done = threading.Event()
        self.result: T | None = None
        self.error: Exception | None = None

    def succeed(self, result: T) -> None:
        self.result = result
        self.done.set()

    def fail(self, error: Exception) -> None:
        self.error = error
        self.done.set()

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value] # it is done


class GroupCommit:
    """Whoever gets the writers' turn also commits what the others behind have to write.

    `turn` holds it during a `with` block, or raises an exception if that would take too long.
    """

    def __init__(self, commit: Commit, turn: Callable[[], AbstractContextManager[None]]) -> None:
        self._commit = commit
        self._turn = turn
        self._lock = threading.Lock()  # guards the next
        self._waiting: deque[_Job[Any]] = deque()

    def run(self, act: Act[T]) -> T:
        """Commit a write; return its result, or raise what it or the commit raises."""
        job = _Job(act)
        with self._lock:
            self._waiting.append(job)
        try:
            with self._turn():
                while not job.done.is_set():
                    self._together(self._next())
        except Exception:
            if self._withdraw(job):
                raise
            with waiting():
                job.done.wait()  # another thread is committing it
        return job.outcome()

    def _withdraw(self, job: _Job[T]) -> bool:
        """Take back a job that nobody has begun to commit; return whether there was time."""
        with self._lock:
            if job in self._waiting:
                self._waiting.remove(job)
                return True
        return False

    def _next(self) -> list[_Job[Any]]:
        with self._lock:
            count = min(_MOST, len(self._waiting))
            return [self._waiting.popleft() for _ in range(count)]

    def _together(self, jobs: Sequence[_Job[Any]]) -> None:
        """Commit jobs at once; if one fails, each by itself, so that only that one fails."""
        try:
            results = self._commit([job.act for job in jobs])
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].fail(error)
                return
            for job in jobs:
                self._together([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.succeed(result)


def again_on_deadlock(write: Callable[[], T]) -> T:
    """Run a transaction, a few times if the database ends it to resolve a deadlock."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return write()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                raise
    return write()
