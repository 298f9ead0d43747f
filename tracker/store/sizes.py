"""What groups and users have, summed up: the database keeps the sums, by triggers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from tracker.store.records import GroupSize, UserSize
from tracker.store.tables import group_sizes, user_sizes

_LARGEST = 2**63 - 1
_OF_GROUP = select(*(group_sizes.c[name] for name in GroupSize._fields)).where(
    group_sizes.c.group_id == bindparam("owner")
)
_OF_USER = select(*(user_sizes.c[name] for name in UserSize._fields)).where(
    user_sizes.c.user_id == bindparam("owner")
)


class SizeRepository:
    """Sizes, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def of_group(self, group_id: int) -> GroupSize:
        """Return what a group has."""
        return GroupSize(*self._numbers(_OF_GROUP, group_id))

    def of_user(self, user_id: int) -> UserSize:
        """Return what a user has added, and in how many groups the user is."""
        return UserSize(*self._numbers(_OF_USER, user_id))

    def _numbers(self, statement: Select[Any], owner: int) -> list[int]:
        # The sums of bytes may be of another type, and larger than a reply's numbers.
        return [min(int(one), _LARGEST) for one in self._run(statement, {"owner": owner}).one()]
