"""Quotas: checked before a user or group gets more, and set by the operator."""

from __future__ import annotations

from dataclasses import dataclass

from common.api.events import EventKind
from tracker.domain.quota import Quota, check_bytes, check_number
from tracker.quotas import Quotas, check_quota
from tracker.services.caller import OPERATOR, Identity
from tracker.services.clock import Clock
from tracker.services.events import record, record_account
from tracker.services.lookups import find_group, find_user
from tracker.store.records import Group
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_SHARE_LESS = "share fewer, or a folder instead of its files"
_ASK = "stop sharing some, or ask its operator for more"


def check_new_file(
    work: UnitOfWork, quotas: Quotas, me: Identity, group: Group, size: int, metainfo_size: int
) -> None:
    """Check that `me` may add a file of `size` bytes to a group.

    Counts within a write unit of work, of which there is one at a time. Raises
    MinitorrentError(quota_exceeded).
    """
    own = work.quotas.of_user(me.user_id).or_else(quotas.of_user)
    added = work.sizes.of_user(me.user_id)
    check_number(f"files from {me.user}", own.files, added.files, _SHARE_LESS)
    what = "bytes of metainfo per user"
    check_quota(added.metainfo_bytes + metainfo_size - 1, quotas.metainfo_bytes, what, _SHARE_LESS)
    check_bytes(f"from {me.user}", own.bytes, added.bytes, size, _ASK)
    all_of = work.quotas.of_group(group.id).or_else(quotas.of_group)
    has = work.sizes.of_group(group.id)
    check_number(f"files in {group.name}", all_of.files, has.files, _SHARE_LESS)
    check_bytes(f"in {group.name}", all_of.bytes, has.bytes, size, _ASK)


def check_new_member(work: UnitOfWork, quotas: Quotas, group: Group) -> None:
    """Check that a group may get a member; as `check_new_file`."""
    limit = work.quotas.of_group(group.id).or_else(quotas.of_group).members
    if limit is not None:
        count = work.sizes.of_group(group.id).members
        remedy = "remove one, or ask its operator for more"
        check_number(f"members in {group.name}", limit, count, remedy)


@dataclass(frozen=True)
class QuotaReport:
    """The limits that the operator gave a user or group, and what it has."""

    own: Quota
    used: Quota


class QuotaService:
    """The operator's view of quotas: no caller, and no rules; changes are in the audit."""

    def __init__(self, database: UnitOfWorkFactory, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of_user(self, name: str) -> QuotaReport:
        """Return a user's quota. Raises MinitorrentError(no_such_user)."""
        with self._database.read() as work:
            user_id = find_user(work, name).id
            has = work.sizes.of_user(user_id)
            used = Quota(has.files, has.bytes)
            return QuotaReport(work.quotas.of_user(user_id), used)

    def of_group(self, name: str) -> QuotaReport:
        """Return a group's quota. Raises MinitorrentError(no_such_group)."""
        with self._database.read() as work:
            group_id = find_group(work, name).id
            has = work.sizes.of_group(group_id)
            used = Quota(has.files, has.bytes, has.members)
            return QuotaReport(work.quotas.of_group(group_id), used)

    def set_for_user(self, name: str, quota: Quota) -> None:
        """Give a user these limits, and keep the others. Raises MinitorrentError(no_such_user)."""
        with self._database.write() as work:
            self._replace_of_user(work, name, quota)

    def set_for_group(self, name: str, quota: Quota) -> None:
        """Give a group these limits, and keep the others. Raises MinitorrentError(no_such_group).

        What a group has already stays, also beyond its quota.
        """
        with self._database.write() as work:
            self._replace_of_group(work, name, quota)

    def clear_for_user(self, name: str) -> None:
        """Give a user the usual limits again. Raises MinitorrentError(no_such_user)."""
        with self._database.write() as work:
            self._replace_of_user(work, name, None)

    def clear_for_group(self, name: str) -> None:
        """Give a group the usual limits again. Raises MinitorrentError(no_such_group)."""
        with self._database.write() as work:
            self._replace_of_group(work, name, None)

    def _replace_of_user(self, work: UnitOfWork, name: str, quota: Quota | None) -> None:
        user_id = find_user(work, name).id
        new = Quota() if quota is None else quota.or_else(work.quotas.of_user(user_id))
        work.quotas.set_for_user(user_id, new)
        kind, now = EventKind.QUOTA_CHANGED, self._clock()
        record_account(work, kind, name, OPERATOR.address, now, actor=OPERATOR.user)

    def _replace_of_group(self, work: UnitOfWork, name: str, quota: Quota | None) -> None:
        group = find_group(work, name)
        new = Quota() if quota is None else quota.or_else(work.quotas.of_group(group.id))
        work.quotas.set_for_group(group.id, new)
        record(work, EventKind.QUOTA_CHANGED, group, OPERATOR, name, "", self._clock())
