"""Threads that serve connections: few compute at the same time, any number may wait."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from tracker import waits
from tracker.frontend.failures import report

_STACK_BYTES = 1024 * 1024
"""Plenty for a connection's thread: no accepted input nests deeper than a hundred levels."""

_IDLE_SECONDS = 5.0  # then a thread without work ends, and the memory of its stack is free again
_PATIENCE = 0.05
"""Seconds without any progress after which one more may compute: somebody waits unannounced."""

_STACK_LOCK = threading.Lock()  # guards threading.stack_size

Job = Callable[[], None]


class Workers:
    """Runs jobs in threads, at most `places` of them at a time, apart from those that wait.

    A job says that it waits with tracker.waits.waiting. While a place is held for long, jobs that
    come later get another one. `stack_bytes` is the stack of each thread. One thread is always
    there, so that work goes on while the system allows no more. Thread-safe.
    """

    def __init__(
        self,
        places: int = 1,
        stack_bytes: int = _STACK_BYTES,
        idle_seconds: float = _IDLE_SECONDS,
        patience: float = _PATIENCE,
    ) -> None:
        self._stack_bytes = stack_bytes
        self._idle_seconds = idle_seconds
        self._patience = patience
        self._lock = threading.Lock()  # guards the rest
        self._free = places
        self._moves = 0  # how often a place has changed hands
        self._holders: set[int] = set()  # the threads that have a place
        self._slow: set[int] = set()  # those of them for whom others have got another one
        self._idle: list[_Slip] = []  # the last one gets the next job, so that the others can end
        self._returning: deque[_Slip] = deque()  # of threads that have waited
        self._backlog: deque[Job] = deque()
        self._count = 0
        self._stopping = threading.Event()
        self._crowded = threading.Event()  # somebody waits for a place
        self._overseer = threading.Thread(target=self._oversee, name="overseer", daemon=True)

    def __len__(self) -> int:
        return self._count

    def start(self) -> None:
        """Start the first thread. Raises RuntimeError if the system doesn't allow it."""
        self._count += 1
        self._free -= 1
        self._start(None)
        self._overseer.start()

    def backlog(self) -> int:
        """Return the number of jobs that wait for a thread to begin with them."""
        return len(self._backlog)

    def run(self, job: Job) -> None:
        """Run a job as soon as a place is free; one that a job gives, when that ends or waits."""
        with self._lock:
            if not self._free or self._backlog or self._returning or waits.holds(self):
                self._backlog.append(job)
                self._crowded.set()
                return
            self._free -= 1
        self._begin(job)

    def stop(self) -> None:
        """Have the threads end as soon as they have no work; returns at once."""
        with self._lock:
            self._stopping.set()
            for slip in self._idle:
                self._dismiss(slip)
            self._idle.clear()
            self._crowded.set()

    def leave(self) -> None:
        """Let another thread compute, because this one is about to wait."""
        with self._lock:
            job = self._pass_on()
            jobs = [*([] if job is None else [job]), *self._begun()]
        for job in jobs:
            self._begin(job)

    def enter(self) -> None:
        """Wait for a place again."""
        with self._lock:
            slip = None if self._free else _Slip()
            if slip is None:
                self._free -= 1
            else:
                self._returning.append(slip)
                self._crowded.set()
        if slip is not None:
            slip.wait(None)
        self._holders.add(threading.get_ident())

    def _pass_on(self) -> Job | None:
        """Give up a place; return the waiting job that gets it, if one waits."""
        self._moves += 1
        me = threading.get_ident()
        self._holders.discard(me)
        if me in self._slow:
            self._slow.remove(me)  # there is another place instead
            return None
        return self._give()

    def _begun(self) -> list[Job]:
        """Take the jobs that wait although there are free places, with a place for each."""
        count = min(self._free, len(self._backlog))
        self._free -= count
        return [self._backlog.popleft() for _ in range(count)]

    def _give(self) -> Job | None:
        """Give a place to a thread that has waited, or else return a job that waits."""
        if self._returning:
            self._returning.popleft().give(None)
        elif self._backlog:
            return self._backlog.popleft()
        else:
            self._free += 1
        return None

    def _begin(self, job: Job) -> None:
        """Run a job in another thread, with the place that this thread has taken for it."""
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
                self._free += 1
                self._backlog.appendleft(job)

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
        waits.hold(self)
        self._holders.add(threading.get_ident())
        try:
            job()
        except Exception as error:  # logged here, or nothing would show why it isn't served
            report("a session failed", error)
        finally:
            waits.hold(None)

    def _next(self, slip: _Slip) -> Job | None:
        """Wait for this thread's next job; None if it is to end."""
        with self._lock:
            job = self._pass_on()
            others = self._begun()
            if job is None:
                if not self._stopping.is_set():
                    self._idle.append(slip)
                else:
                    self._dismiss(slip)
        for other in others:
            self._begin(other)
        if job is not None:
            return job
        while not slip.wait(self._idle_seconds):
            with self._lock:
                if slip in self._idle and self._count > 1:
                    self._idle.remove(slip)
                    self._dismiss(slip)
        return slip.take()

    def _dismiss(self, slip: _Slip) -> None:
        self._count -= 1
        slip.give(None)

    def _oversee(self) -> None:
        """Give another place whenever those who hold one keep others waiting."""
        while not self._stopping.is_set():
            self._crowded.wait()
            moves = self._moves
            self._stopping.wait(self._patience)
            job = None
            with self._lock:
                is_crowded = bool(self._backlog or self._returning)
                if is_crowded and moves == self._moves and (slow := self._holders - self._slow):
                    self._slow.add(slow.pop())
                    job = self._give()
                elif not is_crowded:
                    self._crowded.clear()
            if job is not None:
                self._begin(job)


class _Slip:
    """Where a waiting thread is given its next job; None to end, or to go on."""

    def __init__(self) -> None:
        self._job: Job | None = None
        self._is_filled = threading.Lock()  # released to tell so, as the quickest way
        self._is_filled.acquire()

    def give(self, job: Job | None) -> None:
        self._job = job
        self._is_filled.release()

    def wait(self, seconds: float | None) -> bool:
        """Wait, forever if `seconds` is None; return whether it was filled."""
        return self._is_filled.acquire(timeout=-1 if seconds is None else seconds)

    def take(self) -> Job | None:
        """Return the job, and keep nothing of it."""
        job, self._job = self._job, None
        return job
