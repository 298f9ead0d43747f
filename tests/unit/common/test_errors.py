"""Error codes: their meanings and HTTP statuses."""

from __future__ import annotations

from common.errors import HTTP_STATUSES, MEANINGS, ErrorCode, error_from
from common.text import harmless


def test_every_code_has_a_meaning_and_a_status() -> None:
    assert MEANINGS.keys() == HTTP_STATUSES.keys() == set(ErrorCode)
    assert all(400 <= status < 600 for status in HTTP_STATUSES.values())


def test_an_error_of_another_program() -> None:
    known = error_from("busy", "wait\x1b[2J")
    assert (known.code, known.message) == (ErrorCode.BUSY, harmless("wait\x1b[2J"))
    assert "\x1b" not in known.message
    assert error_from("too_new", "wait").code is ErrorCode.INTERNAL
