"""Limits on what the tracker stores and does per user, group or address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.quota import Quota

LARGEST = 10**15
"""The largest limit, which for bytes and members means none."""


@dataclass(frozen=True)
class Quotas:
    """Upper limits; on the command line `_` is written `-`.

    Per user: `groups` owned, pending join `requests`, `files` added, their `bytes` of content and
    `metainfo_bytes`, API `tokens`, `logins` kept (beyond it, the oldest unused one ends),
    simultaneous `sessions`, `certificates` an hour, `holders` (logins with unexpired certificates)
    in one group, `acts` a day that the audit records, `requests_per_second` (with bursts of ten
    times as many; beyond it, answers are delayed), `peers` (one for each file of each client;
    beyond it, the least recently announced is dropped), `relay_bytes` a day that the relay passes
    on. Per group: pending `group_requests`, valid `group_invites`, `group_files`, their
    `group_bytes`, `group_members`, `group_relay_bytes` a day. Per address: `accounts` created a
    day.
    """

    groups: int = 500
    requests: int = 200
    group_requests: int = 2000
    group_invites: int = 200
    files: int = 100_000
    bytes: int = LARGEST
    group_files: int = 500_000
    group_bytes: int = LARGEST
    group_members: int = LARGEST
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
    relay_bytes: int = 20 * 1024**3
    group_relay_bytes: int = 200 * 1024**3

    @property
    def of_user(self) -> Quota:
        """The quota of each user for whom the operator set no other."""
        return Quota(self.files, _limit(self.bytes))

    @property
    def of_group(self) -> Quota:
        """The quota of each group for which the operator set no other."""
        return Quota(self.group_files, _limit(self.group_bytes), _limit(self.group_members))


def _limit(most: int) -> int | None:
    return most if most < LARGEST else None


NAMES = tuple(field.name.replace("_", "-") for field in fields(Quotas))


def read_quota(text: str) -> tuple[str, int]:
    """Parse `NAME=N`. Raises ValueError with what is wrong."""
    name, _, number = text.partition("=")
    if name not in NAMES:
        raise ValueError(f"unknown quota {name!r}; choose one of: {', '.join(NAMES)}")
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:18]) <= LARGEST):
        raise ValueError(f"{text!r} is not NAME=N with N from 1 to {LARGEST}")
    return name.replace("-", "_"), int(number)


def with_quotas(chosen: Sequence[tuple[str, int]]) -> Quotas:
    """Return the default quotas with the operator's changes; the last one of a name counts."""
    return replace(Quotas(), **dict(chosen))


def check_quota(count: int, most: int, what: str, remedy: str) -> None:
    """Raise MinitorrentError(quota_exceeded) unless the count is below `most`."""
    if count >= most:
        raise MinitorrentError(
            ErrorCode.QUOTA_EXCEEDED, f"This tracker allows at most {most} {what}; {remedy}."
        )
