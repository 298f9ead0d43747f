"""Threads that verify and write pieces while the network threads keep reading."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

Job = Callable[[], None]
OnFailure = Callable[[Exception], None]


class WorkerPool:
    """Runs jobs in `threads` threads, in the order submitted; `queue_bound` may wait."""

    def __init__(self, threads: int = 2, queue_bound: int = 8, name: str = "storage") -> None:
        self._bound = queue_bound
        self._jobs: deque[tuple[Job, OnFailure]] = deque()
        lock = threading.Lock()
        self._has_job = threading.Condition(lock)
        self._not_full = threading.Condition(lock)
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, on_failure: OnFailure) -> None:
        """Have a worker run `job`; if it raises, the worker calls `on_failure` with the error.

        Blocks while the queue is full, which slows down its producers. Raises RuntimeError
        once the pool is closed.
        """
        with self._not_full:
            while len(self._jobs) >= self._bound and not self._closed:
                self._not_full.wait()
            if self._closed:
                raise RuntimeError("the worker pool is closed")
            self._jobs.append((job, on_failure))
            self._has_job.notify()

    def close(self, timeout: float = 10.0) -> bool:
        """Accept no more jobs, run those waiting, and stop.

        Returns whether all threads ended within `timeout` seconds each.
        """
        with self._has_job:
            self._closed = True
            self._has_job.notify_all()
            self._not_full.notify_all()
        for thread in self._threads:
            thread.join(timeout)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            try:
                _attempt(*entry)
            except Exception:
                log.exception("a failure could not be reported")
            # Waiting for the next job must not keep the last one's buffers alive.
            del entry

    def _next(self) -> tuple[Job, OnFailure] | None:
        with self._has_job:
            while not self._jobs:
                if self._closed:
                    return None
                self._has_job.wait()
            self._not_full.notify()
            return self._jobs.popleft()


def _attempt(job: Job, on_failure: OnFailure) -> None:
    try:
        job()
    except Exception as error:  # the submitter decides how to handle it
        on_failure(error)
