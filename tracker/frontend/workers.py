"""Threads that serve connections: as many as have something to do at the same time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from tracker.frontend.failures import report

_IDLE_SECONDS = 5.0  # then a thread without work ends, and the memory of its stack is free again
_STACK_LOCK = threading.Lock()  # guards threading.stack_size

Job = Callable[[], None]


class Workers:
    """Runs every job at once, in a thread; threads that are done wait briefly for another job.

    `stack_bytes` is the stack of each thread. One thread is always there, so that work goes on
    while the system allows no more. Thread-safe.
    """

    def __init__(self, stack_bytes: int, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._stack_bytes = stack_bytes
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()  # guards the rest
        self._idle: list[_Slip] = []  # the last one gets the next job, so that the others can end
        self._backlog: deque[Job] = deque()  # only while the system allows no more threads
        self._count = 0
        self._is_stopped = False

    def __len__(self) -> int:
        return self._count

    def start(self) -> None:
        """Start the first thread. Raises RuntimeError if the system doesn't allow it."""
        self._count += 1
        self._start(None)

    def run(self, job: Job) -> None:
        """Run a job; it waits for another to be done only if the system allows no more threads."""
        with self._lock:
            if self._idle:
                self._idle.pop().give(job)
                return
            self._count += 1
        try:
            self._start(job)
        except RuntimeError:
            with self._lock:
                self._count -= 1
                self._backlog.append(job)

    def stop(self) -> None:
        """Have the threads end as soon as they have no work; returns at once."""
        with self._lock:
            self._is_stopped = True
            for slip in self._idle:
                self._dismiss(slip)
            self._idle.clear()

    def _start(self, job: Job | None) -> None:
        thread = threading.Thread(target=self._work, args=(job,), name="session", daemon=True)
        with _STACK_LOCK:
            usual = threading.stack_size(self._stack_bytes)
            try:
                thread.start()
            finally:
                threading.stack_size(usual)

    def _work(self, job: Job | None) -> None:
        slip = _Slip()
        if job is not None:
            self._run(job)
        while (job := self._next(slip)) is not None:
            self._run(job)

    def _run(self, job: Job) -> None:
        try:
            job()
        except Exception as error:  # logged here, or nothing would show why it isn't served
            report("a session failed", error)

    def _next(self, slip: _Slip) -> Job | None:
        """Wait for this thread's next job; None if it is to end."""
        with self._lock:
            if self._backlog:
                return self._backlog.popleft()
            if not self._is_stopped:
                self._idle.append(slip)
            else:
                self._dismiss(slip)
        while not slip.wait(self._idle_seconds):
            with self._lock:
                if slip in self._idle and self._count > 1:
                    self._idle.remove(slip)
                    self._dismiss(slip)
        return slip.take()

    def _dismiss(self, slip: _Slip) -> None:
        self._count -= 1
        slip.give(None)


class _Slip:
    """Where a waiting thread is given its next job; None to end."""

    def __init__(self) -> None:
        self._job: Job | None = None
        self._is_filled = threading.Lock()  # released to tell so, as the quickest way
        self._is_filled.acquire()

    def give(self, job: Job | None) -> None:
        self._job = job
        self._is_filled.release()

    def wait(self, seconds: float) -> bool:
        """Wait; return whether it was filled."""
        return self._is_filled.acquire(timeout=seconds)

    def take(self) -> Job | None:
        """Return the job, and keep nothing of it."""
        job, self._job = self._job, None
        return job
