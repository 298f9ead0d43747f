"""Checks of passwords, with limits on guessing."""

from __future__ import annotations

import threading

from common.api.events import EventKind
from common.party import party_of
from tracker.domain.throttle import LoginThrottle
from tracker.services.accounts.hashing import PasswordHasher
from tracker.services.clock import Clock
from tracker.services.events import record_account
from tracker.store.records import User
from tracker.store.unit_of_work import UnitOfWorkFactory


class PasswordChecker:
    """Hashes and checks passwords. Thread-safe.

    Durations are measured by `steady`, a monotonic clock; stored times are from `clock`. `known`
    says whether the account was logged in to from the party behind `address` before.
    """

    def __init__(
        self, database: UnitOfWorkFactory, clock: Clock, steady: Clock, hasher: PasswordHasher
    ) -> None:
        self._database = database
        self._clock = clock
        self._steady = steady
        self._hasher = hasher
        self._throttle = LoginThrottle()
        self._lock = threading.Lock()  # guards the throttle

    def close(self) -> None:
        """Stop checking; returns at once."""
        self._hasher.close()

    def waiting(self) -> int:
        """Return the number of passwords that wait to be hashed."""
        return self._hasher.waiting()

    def hash(self, password: str, address: str, *, known: bool) -> str:
        """Return a new password's hash. Raises MinitorrentError(busy)."""
        return self._hasher.hash(party_of(address), password, known=known)

    def check(
        self, name: str, user: User | None, address: str, password: str, *, known: bool
    ) -> bool:
        """Return whether this is the password of the account `name`, and record a wrong one.

        `user` is the account, or None if there is none: then the answer is no, after as long.
        Raises MinitorrentError(too_many_attempts, busy).
        """
        with self._lock:
            attempt = self._throttle.attempt(name, address, self._steady(), known=known)
        stored = None if user is None else user.password_hash
        is_right = self._hasher.check(party_of(address), password, stored, known=known)
        if is_right:
            with self._lock:
                self._throttle.succeeded(attempt)
        else:
            self._record_failure("" if user is None else user.name, address)
        return is_right

    def _record_failure(self, user: str, address: str) -> None:
        """Record a failed login. Unknown users are recorded too, so that the timing is the same,
        but without the name: people sometimes type their password there.
        """
        with self._database.write() as work:
            record_account(work, EventKind.LOGIN_FAILED, user, address, self._clock(), actor="")
