"""What a user or a group may have, and whether there is room for more of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from common.errors import ErrorCode, MinitorrentError
from common.text import size


@dataclass(frozen=True)
class Quota:
    """Upper limits of a user or a group, or what it has; None stands for no limit.

    A user has the files that he added to all groups, and their `bytes` of content; a group has all
    its files, and `members`.
    """

    files: int | None = None
    bytes: int | None = None
    members: int | None = None

    def or_else(self, usual: Quota) -> Quota:
        """Return these limits, and the usual ones where there is none."""
        limits = ((getattr(self, one.name), getattr(usual, one.name)) for one in fields(Quota))
        return Quota(*(usually if own is None else own for own, usually in limits))


def check_number(what: str, limit: int | None, used: int, remedy: str) -> None:
    """Check that there may be one more of `what`, such as "files in lab".

    Raises MinitorrentError(quota_exceeded).
    """
    if limit is not None and used >= limit:
        raise _exceeded(f"{limit:,} {what} and has {used:,}; {remedy}")


def check_bytes(where: str, limit: int | None, used: int, more: int, remedy: str) -> None:
    """Check that there may be `more` bytes `where`, such as "in lab".

    Raises MinitorrentError(quota_exceeded).
    """
    if limit is not None and used + more > limit:
        raise _exceeded(
            f"{size(limit)} {where} and has {size(used)}, and this is {size(more)}; {remedy}"
        )


def _exceeded(what: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.QUOTA_EXCEEDED, f"This tracker allows at most {what}.")
