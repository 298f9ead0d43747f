"""The quotas that the operator gave users and groups."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, select

from tracker.domain.quota import Quota
from tracker.store.tables import group_quotas, new_row, user_quotas

_OF_USER = select(user_quotas).where(user_quotas.c.user_id == bindparam("owner"))
_OF_GROUP = select(group_quotas).where(group_quotas.c.group_id == bindparam("owner"))


class QuotaRepository:
    """Quotas, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def of_user(self, user_id: int) -> Quota:
        """Return the limits that the operator gave a user."""
        return self._quota(_OF_USER, user_id)

    def of_group(self, group_id: int) -> Quota:
        """Return the limits that the operator gave a group."""
        return self._quota(_OF_GROUP, group_id)

    def _quota(self, statement: Select[Any], owner: int) -> Quota:
        found = self._run(statement, {"owner": owner}).first()
        return Quota() if found is None else Quota(*found[1:])

    def set_for_user(self, user_id: int, quota: Quota) -> None:
        """Replace a user's own limits."""
        limits = {"files": quota.files, "bytes": quota.bytes}
        self._replace(user_quotas, {"user_id": user_id}, limits)

    def set_for_group(self, group_id: int, quota: Quota) -> None:
        """Replace a group's own limits."""
        limits = {"files": quota.files, "bytes": quota.bytes, "members": quota.members}
        self._replace(group_quotas, {"group_id": group_id}, limits)

    def _replace(self, table: Table, owner: dict[str, int], limits: dict[str, int | None]) -> None:
        self._run(delete(table).filter_by(**owner))
        if any(limit is not None for limit in limits.values()):
            self._run(new_row(table, *owner, *limits), {**owner, **limits})
