"""The division of file descriptors."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.frontend.descriptors import (
    DescriptorBudget,
    TooFewDescriptorsError,
    raise_limit,
    share_out,
)

RAISED = """
import resource
from tracker.frontend.descriptors import raise_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300))
print(raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_becomes_the_hard_one() -> None:
    command = [sys.executable, "-c", RAISED]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"300 300 300\n"


def test_a_raised_limit_is_kept() -> None:
    before = raise_limit()
    assert raise_limit() == before == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@pytest.mark.parametrize(
    ("limit", "asked", "shares"),
    [
        (1_048_576, None, DescriptorBudget(10_000, 500)),
        (1_048_576, 20_000, DescriptorBudget(20_000, 500)),
        (1024, None, DescriptorBudget(678, 226)),
        (1024, 300, DescriptorBudget(300, 226)),
        (256, None, DescriptorBudget(102, 34)),
    ],
)
def test_shares_of_descriptors(limit: int, asked: int | None, shares: DescriptorBudget) -> None:
    assert share_out(limit, asked) == shares


def test_more_database_connections_leave_fewer_for_others() -> None:
    assert share_out(1024, None, database_connections=50) == DescriptorBudget(552, 184)
    assert share_out(1024, None, database_connections=50, relays=True) == DescriptorBudget(
        368, 184, 184
    )


def test_too_few_descriptors_are_reported() -> None:
    with pytest.raises(TooFewDescriptorsError, match=r"allows only 64 open files.*ulimit -n"):
        share_out(64, None)


@given(st.integers(152, 2_000_000), st.none() | st.integers(1, 100_000))
def test_no_share_exceeds_the_total(limit: int, asked: int | None) -> None:
    shares = share_out(limit, asked)
    assert shares.sessions >= 1
    assert shares.sessions + shares.http + 116 <= limit
