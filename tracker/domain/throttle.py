"""How often passwords may be guessed: per account, per address, over all addresses.

A person must get in from where he got in before, whoever else is guessing at his account. So
there are three budgets, and which of them an attempt needs depends on whether its address is
known, that is whether the account was logged in to from there before:

- known: the budget of this account at this address, and nothing else;
- not known: the budget of the address over all accounts, and the budget of the account over all
  addresses from which it isn't known.

The budgets of an account are the same in both cases and don't ask whether it exists, so neither
tells.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import NamedTuple

from common.errors import ErrorCode, MinitorrentError
from common.party import party_of

_ROUNDING = 1e-6  # seconds


class Rate(NamedTuple):
    """`burst` attempts at once, and one more every `interval` seconds."""

    burst: int
    interval: float


PER_ACCOUNT = Rate(10, 30.0)
"""10,000 guesses take three and a half days."""

PER_ADDRESS = Rate(100, 6.0)
"""A whole class may mistype behind one address."""


class Budget:
    """A rate for each of many keys; the clock is an argument, in seconds.

    Remembers at most `capacity` keys and forgets the longest unused.
    """

    def __init__(self, rate: Rate, capacity: int) -> None:
        self._rate = rate
        self._capacity = capacity
        # When each key's budget will be whole again ("generic cell rate algorithm").
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._whole_at)

    def wait(self, key: str, now: float) -> float:
        """Seconds until an attempt may be made; 0 when it may be made now."""
        spent = (self._rate.burst - 1) * self._rate.interval
        left = self._whole_at.get(key, now) - now - spent
        return left if left > _ROUNDING else 0.0

    def take(self, key: str, now: float, count: int = 1) -> None:
        """Spend an attempt, or several."""
        cost = count * self._rate.interval
        self._whole_at[key] = max(self._whole_at.get(key, now), now) + cost
        self._whole_at.move_to_end(key)
        while len(self._whole_at) > self._capacity:
            self._whole_at.popitem(last=False)

    def give_back(self, key: str) -> None:
        """An attempt did not count after all."""
        if key in self._whole_at:
            self._whole_at[key] -= self._rate.interval


class Attempt(NamedTuple):
    """What an attempt has spent."""

    spent: tuple[tuple[Budget, str], ...]


class LoginThrottle:
    """Decides whether a password is looked at. Not safe for use by several threads at once.

    An attempt counts as failed until it is said to have succeeded, so that attempts made at
    once count too.
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
        """Note an attempt at `now` (seconds) from an IP address.

        Raises MinitorrentError(too_many_attempts); such an attempt has spent nothing.
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
                f"Too many wrong passwords; try again in {math.ceil(wait)} second(s).",
            )
        for budget, key in spent:
            budget.take(key, now)
        return Attempt(tuple(spent))

    def succeeded(self, attempt: Attempt) -> None:
        """The password was right: the attempt doesn't count."""
        for budget, key in attempt.spent:
            budget.give_back(key)
