"""Password hashing, a few at a time, with a fair queue of parties."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from common.errors import ErrorCode, MinitorrentError
from tracker.domain import credentials
from tracker.domain.credentials import PasswordCost
from tracker.domain.fair_queue import FairQueue
from tracker.waits import waiting

_AT_ONCE = 2  # each takes 19 MiB and a core
_PER_PARTY = 64
_TOTAL = 1000
_PATIENCE = 20.0  # seconds
_RETRY_AFTER = 60.0

ResultT = TypeVar("ResultT")


class _Ticket:
    """A password in the queue."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.is_turned_away = False


class PasswordHasher:
    """Hashes passwords in queue order. Thread-safe.

    Every party waits in a queue of its own, at most `patience` seconds. `known` says whether the
    party has logged in to the account before.
    """

    def __init__(self, cost: PasswordCost, patience: float = _PATIENCE) -> None:
        self._cost = cost
        self._patience = patience
        # Always the same threads: the memory allocator keeps what each thread has used.
        self._hashers = ThreadPoolExecutor(_AT_ONCE, "hasher")
        self._lock = threading.Lock()
        self._queue: FairQueue[_Ticket] = FairQueue(_AT_ONCE, _PER_PARTY, _TOTAL)

    def close(self) -> None:
        """Stop hashing; returns at once."""
        self._hashers.shutdown(wait=False, cancel_futures=True)

    def waiting(self) -> int:
        """Return the number of passwords that wait to be hashed."""
        return self._queue.waiting

    def hash(self, party: str, password: str, *, known: bool) -> str:
        """Return a password's hash, with a random salt. Raises MinitorrentError(busy)."""
        salt = secrets.token_bytes(credentials.SALT_BYTES)
        return self.run(
            party, lambda: credentials.hash_password(password, salt, self._cost), known=known
        )

    def check(self, party: str, password: str, stored: str | None, *, known: bool) -> bool:
        """Return whether `stored` is a hash of this password; None, for no account, takes as long.

        Raises MinitorrentError(busy).
        """
        expected = credentials.nobodys_hash(self._cost) if stored is None else stored
        return self.run(party, lambda: credentials.is_password(password, expected), known=known)

    def run(self, party: str, work: Callable[[], ResultT], *, known: bool) -> ResultT:
        """Wait in the queue, then return `work()`, which hashes. Raises MinitorrentError(busy)."""
        ticket = _Ticket()
        with self._lock:
            loser = self._queue.join(party, ticket, known=known)
            if loser is not None:
                loser.is_turned_away = True
                loser.called.set()
            self._call_next()
        with waiting():
            self._wait(ticket)
            try:
                return self._hashers.submit(work).result()
            finally:
                self._end()

    def _wait(self, ticket: _Ticket) -> None:
        if not ticket.called.wait(self._patience):
            with self._lock:
                ticket.is_turned_away = self._queue.withdraw(ticket)
        if ticket.is_turned_away:
            raise MinitorrentError(
                ErrorCode.BUSY,
                "Too many logins at the moment; try again in a minute.",
                retry_after=_RETRY_AFTER,
            )

    def _end(self) -> None:
        with self._lock:
            self._queue.end()
            self._call_next()

    def _call_next(self) -> None:
        while (ticket := self._queue.begin()) is not None:
            ticket.called.set()
