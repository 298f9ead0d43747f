"""Error codes: what each means, and its HTTP status."""

from __future__ import annotations

from common.errors import HTTP_STATUSES, MEANINGS, ErrorCode


def test_every_code_has_a_meaning_and_a_status() -> None:
    assert MEANINGS.keys() == HTTP_STATUSES.keys() == set(ErrorCode)
    assert all(400 <= status < 600 for status in HTTP_STATUSES.values())
