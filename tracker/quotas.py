"""How much the tracker keeps and does for one user, group or address: defaults no team meets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from common.errors import ErrorCode, MinitorrentError

LARGEST = 10**15


@dataclass(frozen=True)
class Quotas:
    """Each is a number that is not passed; on the command line `_` is written `-`.

    For a user: `groups` owned, undecided join `requests`, `files` added, `metainfo_bytes` of them,
    API `tokens`, `logins` kept (beyond it, the oldest that isn't in use ends), `sessions` at a
    time, `certificates` an hour, `holders` (logins with certificates that are within their dates)
    in one group, `acts` a day that the audit keeps, `requests_per_second` (ten times as many at
    once; beyond it, answers are delayed), `peers` (clients at files: one that is there for a
    thousand files is a thousand; beyond it, the one that announced longest ago is forgotten). For
    a group: `group_requests` undecided, `group_files`. For an address: `accounts` opened a day.
    """

    groups: int = 500
    requests: int = 200
    group_requests: int = 2000
    files: int = 100_000
    group_files: int = 500_000
    metainfo_bytes: int = 2 * 1024**3
    tokens: int = 2000
    logins: int = 2000
    sessions: int = 1000
    certificates: int = 2000
    holders: int = 500
    acts: int = 50_000
    requests_per_second: int = 100
    peers: int = 200_000
    accounts: int = 2000


NAMES = tuple(field.name.replace("_", "-") for field in fields(Quotas))


def read_quota(text: str) -> tuple[str, int]:
    """`NAME=N` as the operator writes it. Raises ValueError with what is wrong."""
    name, _, number = text.partition("=")
    if name not in NAMES:
        raise ValueError(f"there is no quota {name!r}; there are: {', '.join(NAMES)}")
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:18]) <= LARGEST):
        raise ValueError(f"{text!r} is not NAME=N with N from 1 to {LARGEST}")
    return name.replace("-", "_"), int(number)


def with_quotas(chosen: Sequence[tuple[str, int]]) -> Quotas:
    """The usual quotas, but for those that the operator has chosen; the last of a name counts."""
    return replace(Quotas(), **dict(chosen))


def check_quota(count: int, most: int, what: str, remedy: str) -> None:
    """Refuse one more than `most`. Raises MinitorrentError(quota_exceeded)."""
    if count >= most:
        raise MinitorrentError(
            ErrorCode.QUOTA_EXCEEDED, f"This tracker keeps at most {most} {what}; {remedy}."
        )
