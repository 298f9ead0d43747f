"""How often passwords may be guessed, without locking anybody out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.throttle import PER_ACCOUNT, PER_ADDRESS, Budget, LoginThrottle, Rate

HOME, AWAY = "192.0.2.1", "198.51.100.7"


_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def refusal(
    throttle: LoginThrottle,
    now: float,
    account: str = "ann",
    address: str = AWAY,
    *,
    known: bool = False,
) -> float:
    """Make an attempt; return the seconds to wait from the refusal, 0 without one."""
    try:
        throttle.attempt(account, address, now, known=known)
    except MinitorrentError as error:
        assert error.code is ErrorCode.TOO_MANY_ATTEMPTS
        found = re.search(r"try again in (.*)\.$", error.message)
        assert found
        parts = re.findall(r"(\d+) (d|h|min|s)", found[1])
        return sum(int(count) * _SECONDS[unit] for count, unit in parts)
    return 0


@pytest.mark.parametrize("known", [False, True])
def test_a_burst_then_a_steady_rate(known: bool) -> None:
    throttle = LoginThrottle(Rate(3, 10.0))
    waits = [refusal(throttle, now, known=known) for now in (0, 0, 0, 0, 4, 10, 10, 21)]
    assert waits == [0, 0, 0, 10, 6, 0, 10, 0]


def test_refused_attempts_cost_nothing() -> None:
    throttle = LoginThrottle(Rate(1, 10.0))
    refusal(throttle, 0)
    assert [refusal(throttle, 5) for _ in range(100)] == [5] * 100
    assert refusal(throttle, 10) == 0


def test_a_right_password_does_not_count() -> None:
    throttle = LoginThrottle(Rate(1, 10.0), Rate(1, 10.0))
    for known in (False, True, False, True):
        throttle.succeeded(throttle.attempt("ann", HOME, 0, known=known))
    assert refusal(throttle, 0) == 0
    assert refusal(throttle, 0, address=HOME) == 10


def test_the_owner_can_log_in_from_a_known_address() -> None:
    throttle = LoginThrottle()
    for number in range(10_000):
        refusal(throttle, 0, address=f"10.0.{number // 256}.{number % 256}")
        refusal(throttle, 0, address=HOME, account=f"user-{number}")
    assert refusal(throttle, 0, address=HOME, known=True) == 0
    assert refusal(throttle, 0, address=AWAY) > 0


@pytest.mark.slow
def test_ten_thousand_guesses_take_days_from_many_addresses_and_hours_from_one() -> None:
    many, one = LoginThrottle(), LoginThrottle()
    day = 86_400.0
    tried_many = tried_one = 0
    for number in range(20_000):
        now = day * number / 20_000
        tried_many += refusal(many, now, address=f"10.0.{number // 256}.{number % 256}") == 0
        tried_one += refusal(one, now / 24, account=f"user-{number}") == 0
    assert tried_many <= PER_ACCOUNT.burst + day / PER_ACCOUNT.interval + 1
    assert tried_one <= PER_ADDRESS.burst + day / 24 / PER_ADDRESS.interval + 1


def test_one_ipv6_network_is_one_address() -> None:
    throttle = LoginThrottle(per_address=Rate(1, 10.0))
    assert refusal(throttle, 0, "ann", "2001:db8::1") == 0
    assert refusal(throttle, 0, "bob", "2001:db8::2") == 10
    assert refusal(throttle, 0, "bob", "2001:db8:0:1::2") == 0


def test_memory_is_bounded_and_the_least_recently_used_is_dropped() -> None:
    budget = Budget(Rate(1, 60.0), capacity=2)
    for key in ("a", "b", "a", "c"):
        budget.take(key, 0)
    assert len(budget) == 2
    assert [budget.wait(key, 0) > 0 for key in "abc"] == [True, False, True]
    budget.give_back("b")
    assert len(budget) == 2


_RATES = st.builds(Rate, st.integers(1, 5), st.floats(0.5, 60.0))
_STEPS = st.lists(
    st.tuples(
        st.floats(0.0, 20.0),  # seconds since the one before
        st.sampled_from(["ann", "bob"]),
        st.sampled_from([HOME, AWAY, "2001:db8::1"]),
        st.booleans(),
    ),
    max_size=60,
)


@given(_RATES, _RATES, _STEPS)
def test_no_account_or_address_exceeds_its_rate(
    per_account: Rate, per_address: Rate, steps: list[tuple[float, str, str, bool]]
) -> None:
    throttle = LoginThrottle(per_account, per_address)
    now = 0.0
    allowed: dict[tuple[str, ...], int] = {}
    for pause, account, address, known in steps:
        now += pause
        if refusal(throttle, now, account, address, known=known) == 0:
            keys: list[tuple[str, ...]] = [("to", account), ("from", address)]
            if known:
                keys = [("at", account, address)]
            for key in keys:
                allowed[key] = allowed.get(key, 0) + 1
    for key, count in allowed.items():
        rate = per_address if key[0] == "from" else per_account
        assert count <= rate.burst + now / rate.interval + 0.01


@given(_RATES, _RATES, _STEPS)
def test_waiting_as_long_as_told_is_enough(
    per_account: Rate, per_address: Rate, steps: list[tuple[float, str, str, bool]]
) -> None:
    throttle = LoginThrottle(per_account, per_address)
    now = 0.0
    for pause, account, address, known in steps:
        now += pause
        wait = refusal(throttle, now, account, address, known=known)
        if wait:
            now += wait
            assert refusal(throttle, now, account, address, known=known) == 0


@given(_STEPS)
def test_guesses_elsewhere_do_not_lock_out_a_known_address(
    steps: list[tuple[float, str, str, bool]],
) -> None:
    throttle = LoginThrottle(Rate(1, 60.0), Rate(1, 60.0))
    now = 0.0
    for pause, account, address, known in steps:
        now += pause
        refusal(throttle, now, account, address, known=known and address != HOME)
    assert refusal(throttle, now, "ann", HOME, known=True) == 0
