"""Rates as a user types them."""

from __future__ import annotations

import pytest

from common.errors import ErrorCode, MinitorrentError
from common.rates import parse_rate


@pytest.mark.parametrize(
    ("typed", "rate"),
    [
        ("0", 0),
        ("0.0k", 0),
        ("1000", 1000),
        ("500K", 500 << 10),
        ("1.5m", 3 << 19),
        ("2G", 2 << 30),
        ("0.001K", 1),
        ("1073741824G", 1 << 60),
    ],
)
def test_rates_have_a_unit_or_are_bytes_a_second(typed: str, rate: int) -> None:
    assert parse_rate(typed) == rate


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-1",
        "1.",
        "1.2345",
        "1T",
        "1 K",
        "1e3",
        "0.5",  # less than a byte, and not none
        "1073741825G",
        "\u0661",
        "9" * 16,
    ],
)
def test_other_words_are_refused(typed: str) -> None:
    with pytest.raises(MinitorrentError, match="is not a rate") as refused:
        parse_rate(typed)
    assert refused.value.code is ErrorCode.USAGE
