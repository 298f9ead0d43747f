"""Which invitations admit which users."""

from __future__ import annotations

import pytest

from tracker.domain.invitations import refusal

CREATED, EXPIRES, NOW = 1000.0, 2000.0, 1500.0


@pytest.mark.parametrize(
    ("uses_left", "now", "removed_at", "reason"),
    [
        (1, NOW, None, None),
        (0, NOW, None, "any more"),
        (1, EXPIRES, None, "any more"),
        (1, EXPIRES - 1, None, None),
        (1, NOW, CREATED - 1, None),
        (1, NOW, CREATED, "removed you"),
        (1, NOW, CREATED + 1, "removed you"),
    ],
)
def test_an_invitation_is_judged(
    uses_left: int, now: float, removed_at: float | None, reason: str | None
) -> None:
    sentence = refusal(
        "lab",
        uses_left=uses_left,
        created_at=CREATED,
        expires_at=EXPIRES,
        removed_at=removed_at,
        now=now,
    )
    assert (sentence is None) if reason is None else (reason in (sentence or ""))
