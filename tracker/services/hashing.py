"""Password hashing, a few at a time, with a fair queue of parties."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.fair_queue import FairQueue

_AT_ONCE = 2  # each takes 19 MiB and a core
_PER_PARTY = 64
_TOTAL = 1000
_WAIT = 20.0  # seconds

ResultT = TypeVar("ResultT")


class _Ticket:
    """A password in the queue."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.is_turned_away = False


class PasswordHasher:
    """Hashes passwords in queue order. Thread-safe."""

    def __init__(self) -> None:
        # Always the same threads: the memory allocator keeps what each thread has used.
        self._hashers = ThreadPoolExecutor(_AT_ONCE, "hasher")
        self._lock = threading.Lock()
        self._queue: FairQueue[_Ticket] = FairQueue(_AT_ONCE, _PER_PARTY, _TOTAL)

    def close(self) -> None:
        """Stop hashing; returns at once."""
        self._hashers.shutdown(wait=False, cancel_futures=True)

    def run(self, party: str, work: Callable[[], ResultT], *, known: bool) -> ResultT:
        """Wait in the queue, then return `work()`, which hashes. Raises MinitorrentError(busy).

        `known` says whether this party has logged in to the account before.
        """
        ticket = _Ticket()
        with self._lock:
            loser = self._queue.join(party, ticket, known=known)
            if loser is not None:
                loser.is_turned_away = True
                loser.called.set()
            self._call_next()
        self._wait(ticket)
        try:
            return self._hashers.submit(work).result()
        finally:
            self._end()

    def _wait(self, ticket: _Ticket) -> None:
        if not ticket.called.wait(_WAIT):
            with self._lock:
                ticket.is_turned_away = self._queue.withdraw(ticket)
        if ticket.is_turned_away:
            raise MinitorrentError(
                ErrorCode.BUSY,
                "Too many logins at the moment; try again in a minute.",
            )

    def _end(self) -> None:
        with self._lock:
            self._queue.end()
            self._call_next()

    def _call_next(self) -> None:
        while (ticket := self._queue.begin()) is not None:
            ticket.called.set()
