"""Limits on password guessing: per account, per address, across all addresses.

You must be able to log in from where you did before, whoever else is guessing at your account. So
there are three budgets, and which ones an attempt needs depends on whether its address is known,
that is, whether the account was logged in to from there before:

- known: the budget of this account at this address, and nothing else;
- unknown: the budget of the address across all accounts, and the budget of the account across all
  addresses from which it isn't known.

An account's budgets are the same in both cases and don't depend on whether it exists, so neither
reveals that.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from common.errors import ErrorCode, MinitorrentError
from common.party import party_of
from common.text import waiting_time

_ROUNDING = 1e-6  # seconds


class Rate(NamedTuple):
    """`burst` attempts at once, and one more every `interval` seconds."""

    burst: int
    interval: float


PER_ACCOUNT = Rate(10, 30.0)
"""10,000 guesses take three and a half days."""

PER_ADDRESS = Rate(100, 6.0)
"""A whole class may share one address."""


class Budget:
    """Rate limits for many keys; the clock is an argument, in seconds.

    Remembers at most `capacity` keys and drops the least recently used.
    """

    def __init__(self, rate: Rate, capacity: int) -> None:
        self._rate = rate
        self._capacity = capacity
        # When each key's budget is full again ("generic cell rate algorithm").
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait(self, key: str, now: float) -> float:
        """Return the seconds until an attempt is allowed; 0 if it is allowed now."""
        tolerance = (self._rate.burst - 1) * self._rate.interval
        left = self._full_at.get(key, now) - now - tolerance
        return left if left > _ROUNDING else 0.0

    def take(self, key: str, now: float, count: int = 1) -> None:
        """Spend one or more attempts."""
        cost = count * self._rate.interval
        self._full_at[key] = max(self._full_at.get(key, now), now) + cost
        self._full_at.move_to_end(key)
        while len(self._full_at) > self._capacity:
            self._full_at.popitem(last=False)

    def give_back(self, key: str) -> None:
        """Refund an attempt."""
        if key in self._full_at:
            self._full_at[key] -= self._rate.interval


class Attempt(NamedTuple):
    """The budgets that an attempt has spent."""

    spent: tuple[tuple[Budget, str], ...]


class LoginThrottle:
    """Decides whether a password is checked. Not thread-safe.

    An attempt counts as failed until it is reported as successful, so that concurrent attempts
    count too.
    """

    def __init__(
        self,
        per_account: Rate = PER_ACCOUNT,
        per_address: Rate = PER_ADDRESS,
        capacity: int = 50_000,
    ) -> None:
        self._at_known = Budget(per_account, capacity)
        self._elsewhere = Budget(per_account, capacity)
        self._address = Budget(per_address, capacity)

    def attempt(self, account: str, address: str, now: float, *, known: bool) -> Attempt:
        """Record an attempt at `now` (seconds) from an IP address.

        Raises MinitorrentError(too_many_attempts); a refused attempt spends nothing.
        """
        source = party_of(address)
        if known:
            spent = [(self._at_known, f"{account} {source}")]
        else:
            spent = [(self._address, source), (self._elsewhere, account)]
        wait = max(budget.wait(key, now) for budget, key in spent)
        if wait > 0:
            raise MinitorrentError(
                ErrorCode.TOO_MANY_ATTEMPTS,
                f"Too many wrong passwords; try again in {waiting_time(wait)}.",
            )
        for budget, key in spent:
            budget.take(key, now)
        return Attempt(tuple(spent))

    def succeeded(self, attempt: Attempt) -> None:
        """Refund an attempt whose password was right."""
        for budget, key in attempt.spent:
            budget.give_back(key)
