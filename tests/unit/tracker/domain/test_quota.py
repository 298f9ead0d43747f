"""Quotas of one user or group."""

from __future__ import annotations

import pytest

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.quota import Quota, check_bytes, check_number

GIB = 2**30


def test_an_own_limit_replaces_the_usual_one() -> None:
    assert Quota(files=3).or_else(Quota(5, 7)) == Quota(3, 7)
    assert Quota(files=0).or_else(Quota(5)) == Quota(0)
    assert Quota().or_else(Quota(1, 2, 3)) == Quota(1, 2, 3)


def test_numbers() -> None:
    check_number("files in lab", 3, 2, "remove one")
    check_number("files in lab", None, 10**9, "remove one")
    with pytest.raises(MinitorrentError) as raised:
        check_number("files in lab", 3000, 3001, "remove one")
    assert raised.value.code is ErrorCode.QUOTA_EXCEEDED
    sentence = "This tracker allows at most 3,000 files in lab and has 3,001; remove one."
    assert raised.value.message == sentence


def test_bytes() -> None:
    check_bytes("in lab", 10 * GIB, 8 * GIB, 2 * GIB, "remove one")
    check_bytes("in lab", None, 10**18, 10**18, "remove one")
    with pytest.raises(MinitorrentError) as raised:
        check_bytes("in lab", 10 * GIB, 8 * GIB, 2 * GIB + 1, "remove one")
    assert raised.value.code is ErrorCode.QUOTA_EXCEEDED
    sentence = (
        "This tracker allows at most 10.0 GiB in lab and has 8.0 GiB, and this is 2.0 GiB; "
        "remove one."
    )
    assert raised.value.message == sentence
