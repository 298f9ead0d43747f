"""The quotas of users and groups, and what counts towards them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Double, cast, delete, func, select
from sqlalchemy.orm import Session

from tracker.domain.quota import Quota
from tracker.store.schema import File, GroupQuota, UserQuota

_MOST_BYTES = 2**63 - 1


class QuotaRepository:
    """Quotas, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_user(self, user_id: int) -> Quota:
        """Return the limits that the operator gave a user."""
        own = self._session.get(UserQuota, user_id)
        return Quota() if own is None else Quota(own.files, own.bytes)

    def of_group(self, group_id: int) -> Quota:
        """Return the limits that the operator gave a group."""
        own = self._session.get(GroupQuota, group_id)
        return Quota() if own is None else Quota(own.files, own.bytes, own.members)

    def set_for_user(self, user_id: int, quota: Quota) -> None:
        """Replace a user's own limits."""
        self._session.execute(delete(UserQuota).where(UserQuota.user_id == user_id))
        if quota != Quota():
            self._session.add(UserQuota(user_id=user_id, files=quota.files, bytes=quota.bytes))

    def set_for_group(self, group_id: int, quota: Quota) -> None:
        """Replace a group's own limits."""
        self._session.execute(delete(GroupQuota).where(GroupQuota.group_id == group_id))
        if quota != Quota():
            self._session.add(
                GroupQuota(
                    group_id=group_id,
                    files=quota.files,
                    bytes=quota.bytes,
                    members=quota.members,
                )
            )

    def bytes_of_user(self, user_id: int) -> int:
        """Return the total size of the files that a user has added."""
        return self._total(File.added_by == user_id)

    def bytes_of_group(self, group_id: int) -> int:
        """Return the total size of a group's files."""
        return self._total(File.group_id == group_id)

    def _total(self, condition: ColumnElement[bool]) -> int:
        # A sum of integers could overflow, one of floats is exact up to 8 PiB.
        query = select(func.sum(cast(File.size, Double))).where(condition)
        return min(int(self._session.scalar(query) or 0), _MOST_BYTES)
