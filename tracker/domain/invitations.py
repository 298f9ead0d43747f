"""Which invitations are valid, and for whom."""

from __future__ import annotations

_ENDED = "This invitation is not valid any more; ask for a new one."


def refusal(
    group: str,
    *,
    uses_left: int,
    created_at: float,
    expires_at: float,
    removed_at: float | None,
    now: float,
) -> str | None:
    """Return why an invitation to `group` doesn't let a user in, as a sentence, or None.

    `removed_at` is when an admin last removed the user from the group: only an admin lets such a
    user in again, by a request or by a newer invitation. Times are seconds since the epoch.
    """
    if uses_left < 1 or expires_at <= now:
        return _ENDED
    if removed_at is not None and created_at <= removed_at:
        return (
            f"An admin removed you from {group} after this invitation; ask to join with: "
            f"join_group {group}"
        )
    return None
