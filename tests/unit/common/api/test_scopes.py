"""Scopes of tokens, and numbers as JSON has them."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.api.operation import Scope, UnreadableRequestError, covers
from common.api.tokens import CREATE_TOKEN, RENEW_TOKEN

SCOPES: tuple[Scope, ...] = get_args(Scope)


def test_each_scope_includes_those_before_it() -> None:
    assert list(SCOPES) == ["read", "member", "admin", "account"]
    for held, needed in product(SCOPES, SCOPES):
        assert covers(held, needed) == (SCOPES.index(held) >= SCOPES.index(needed))


@given(st.integers(0, 2**53))
def test_a_whole_number_may_be_written_as_a_float(number: int) -> None:
    assert RENEW_TOKEN.read_request({"id": float(number)}).id == number


@pytest.mark.parametrize("seconds", [59, 60.5, "60", True, 365 * 24 * 3600 + 1, -1e300, None])
def test_token_lifetimes(seconds: object) -> None:
    with pytest.raises(UnreadableRequestError):
        CREATE_TOKEN.read_request({"scope": "read", "seconds": seconds})


@pytest.mark.parametrize("arguments", [{}, {"scope": "root"}, {"scope": ["read"]}, []])
def test_a_token_needs_a_scope(arguments: object) -> None:
    with pytest.raises(UnreadableRequestError):
        CREATE_TOKEN.read_request(arguments)
