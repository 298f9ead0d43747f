"""Page boundaries, and the meaning of patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.paging import as_like, cursor, cut, number_after, read_cursor

NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.booleans(), NUMBERS, FLOATS, TEXTS)
def test_a_cursor_is_read_back(flag: bool, number: int, size: float, name: str) -> None:
    key = (flag, number, size, name)
    assert read_cursor(cursor(*key), bool, int, float, str) == key


def test_without_a_cursor_it_is_the_first_page() -> None:
    assert read_cursor("", str) is None
    assert number_after("") == 0


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{",
        "[]",
        "[1]",
        '["a", 1]',
        "[NaN]",
        "[null]",
        '{"a": 1}',
        '"a"',
        "[true]",
        '["\\u0000"]',
    ],
)
def test_invalid_cursors(text: str) -> None:
    with pytest.raises(MinitorrentError) as raised:
        read_cursor(text, str)
    assert raised.value.code is ErrorCode.USAGE


@pytest.mark.parametrize("text", ["x", "1,2", "-", "1.5", "true", str(2**63), str(-(2**63)), "]"])
def test_invalid_numbers(text: str) -> None:
    with pytest.raises(MinitorrentError, match="not a valid page position"):
        number_after(text)


@given(st.lists(st.integers(1, 2**62), max_size=20), st.integers(1, 10))
def test_pages_contain_every_row_once(rows: list[int], limit: int) -> None:
    ordered = sorted(set(rows))
    seen: list[int] = []
    after: str | None = ""
    while after is not None:
        left = [row for row in ordered if not after or row > number_after(after)]
        page, after = cut(left[: limit + 1], limit, str)
        assert len(page) <= limit
        seen += page
    assert seen == ordered


def like(text: str, pattern: str) -> bool:
    """As SQL's LIKE does it, with a backslash as its escape."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, text, re.DOTALL) is not None


NAMES = st.text(st.sampled_from("ab%_\\.*?"), max_size=6)


@given(NAMES, NAMES)
def test_a_pattern_is_part_of_a_name_or_a_glob(name: str, pattern: str) -> None:
    if "*" in pattern or "?" in pattern:
        wild = {"*": ".*", "?": "."}
        expression = "".join(wild.get(char) or re.escape(char) for char in pattern)
        expected = re.fullmatch(expression, name, re.DOTALL) is not None
    else:
        expected = pattern in name
    assert like(name, as_like(pattern)) is expected
