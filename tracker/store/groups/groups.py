"""Groups, memberships and join requests."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, select, update

from tracker.domain.rules import Member, Role
from tracker.domain.traffic import Traffic
from tracker.store.groups import statements
from tracker.store.matching import Lookups
from tracker.store.records import Asker, Group, GroupSummary, JoinRequest, Pending, Possessions
from tracker.store.tables import GROUP_COLUMNS, groups, guests, join_requests, memberships, users

_WIDTH = len(GROUP_COLUMNS)


class GroupRepository:
    """Groups, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute
        self._lookup = Lookups(connection, groups).of
        self._lookup_user = Lookups(connection, users).of

    def is_rare(self, pattern: str) -> bool:
        """Return whether few groups may match a pattern."""
        return bool(self._lookup(pattern))

    def is_rare_user(self, pattern: str) -> bool:
        """Return whether few users, of all groups, may match a pattern."""
        return bool(self._lookup_user(pattern))

    def add(self, name: str, uid: str, mode: str, now: float) -> Group:
        """Create a group without members; a taken name fails the unit of work."""
        values = {"name": name, "uid": uid, "mode": mode, "created_at": now}
        return Group._make(self._run(statements.ADD, values).one())

    def by_name(self, name: str, *, lock: bool = False) -> Group | None:
        """Return the group called `name`; with `lock`, no other transaction changes it
        meanwhile.
        """
        query = statements.BY_NAME_LOCKED if lock else statements.BY_NAME
        found = self._run(query, {"name": name}).first()
        return None if found is None else Group._make(found)

    def with_role(
        self, name: str, user_id: int, *, lock: bool = False
    ) -> tuple[Group, Role | None] | None:
        """Return the group called `name`, and the user's role in it.

        With `lock`, no other transaction changes the group meanwhile.
        """
        query = statements.WITH_ROLE_LOCKED if lock else statements.WITH_ROLE
        found = self._run(query, {"name": name, "user_id": user_id}).first()
        if found is None:
            return None
        *group, role = found
        return Group._make(group), None if role is None else Role(role)

    def delete(self, group_id: int) -> None:
        """Delete a group with its requests, files, keys and guests' accounts."""
        ended = select(guests.c.user_id).where(guests.c.group_id == group_id)
        self._run(delete(users).where(users.c.id.in_(ended)))
        self._run(delete(groups).where(groups.c.id == group_id))

    def by_uid(self, uid: str) -> Group | None:
        """Return the group whose files carry this `uid`."""
        found = self._run(statements.BY_UID, {"uid": uid}).first()
        return None if found is None else Group._make(found)

    def count(self, user_id: int, pattern: str, *, member: bool | None) -> int:
        """Count the groups that match a pattern: all, or those `user_id` is or isn't a member
        of.
        """
        if member is not None and not pattern:
            own = int(self._run(statements.COUNT_OWN, {"user_id": user_id}).scalar_one())
            return own if member else self.count(user_id, "", member=None) - own
        return int(
            self._run(
                statements.count(pattern, self._lookup(pattern), member),
                {"user_id": user_id},
            ).scalar_one()
        )

    def largest_id(self) -> int:
        """Return a number that the groups don't exceed."""
        return self._run(statements.LARGEST_ID).scalar_one() or 0

    def page(
        self, user_id: int, pattern: str, after: str, limit: int, *, member: bool
    ) -> list[GroupSummary]:
        """Return the next groups by name, among those `user_id` is or isn't a member of."""
        is_scan = member and not pattern and self._is_in_many(user_id, limit)
        statement = statements.page(pattern, self._lookup(pattern), member, is_scan)
        rows = self._run(statement, {"user_id": user_id, "after": after, "limit": limit})
        return [
            GroupSummary._make((Group._make(row[:_WIDTH]), member, *row[_WIDTH:])) for row in rows
        ]

    def names_of(self, user_id: int, limit: int) -> list[str]:
        """Return the names of a user's first groups."""
        statement = statements.names_of(self._is_in_many(user_id, limit))
        return list(self._run(statement, {"user_id": user_id, "limit": limit}).scalars())

    def of_login(self, user_id: int, limit: int) -> tuple[list[str], int, int]:
        """Return the names of a user's first groups, how many groups there are, and the number of
        pending requests in those that the user administers.
        """
        own, most, requests = self._run(statements.SIZES_AND_REQUESTS, {"user_id": user_id}).one()
        statement = statements.names_of(_is_scan(own, most, limit))
        names = self._run(statement, {"user_id": user_id, "limit": limit}).scalars()
        return list(names), own, requests

    def _is_in_many(self, user_id: int, limit: int) -> bool:
        own, most = self._run(statements.SIZES, {"user_id": user_id}).one()
        return _is_scan(own, most, limit)

    def set_upload(self, group_id: int, upload: str) -> None:
        """Record who adds files to a group."""
        self._run(update(groups).where(groups.c.id == group_id).values(upload=upload))

    def of_user(self, user_id: int) -> list[Group]:
        """Return all groups of a user, locked until the unit of work ends."""
        query = select(*GROUP_COLUMNS).join(memberships, memberships.c.group_id == groups.c.id)
        query = query.where(memberships.c.user_id == user_id).order_by(groups.c.id)
        return list(map(Group._make, self._run(query.with_for_update(of=groups))))

    def owners(self, group_id: int) -> list[int]:
        """Return the id of a group's owner."""
        return list(self._run(statements.OWNERS, {"group_id": group_id}).scalars())

    def member_names(self, group_id: int) -> list[str]:
        """Return the names of all members."""
        query = select(users.c.name).join(memberships, memberships.c.user_id == users.c.id)
        query = query.where(memberships.c.group_id == group_id).order_by(memberships.c.id)
        return list(self._run(query).scalars())

    def guest_names(self, group_id: int) -> list[str]:
        """Return the names of the accounts that end with a group."""
        query = select(users.c.name).join(guests, guests.c.user_id == users.c.id)
        return list(self._run(query.where(guests.c.group_id == group_id)).scalars())

    def count_owned(self, user_id: int) -> int:
        """Count the groups that a user owns."""
        return int(self._run(statements.COUNT_OWNED, {"user_id": user_id}).scalar_one())

    def add_member(self, group_id: int, user_id: int, role: Role, now: float) -> None:
        """Add a member."""
        values = {"group_id": group_id, "user_id": user_id, "role": role.value, "joined_at": now}
        self._run(statements.ADD_MEMBER, values)

    def drop_member(self, group_id: int, user_id: int) -> None:
        """Delete a membership; the user's shares are up to the caller."""
        self._run(statements.DROP_MEMBER, {"group_id": group_id, "user_id": user_id})

    def role_of(self, group_id: int, user_id: int) -> Role | None:
        """Return a user's role in a group, or None."""
        found = self._run(statements.ROLE, {"group_id": group_id, "user_id": user_id}).scalar()
        return None if found is None else Role(found)

    def member_called(self, group_id: int, name: str) -> tuple[int, Role | None] | None:
        """Return the id of the user called `name`, and the user's role in a group."""
        found = self._run(statements.MEMBER_CALLED, {"group_id": group_id, "name": name}).first()
        if found is None:
            return None
        user_id, role = found
        return user_id, None if role is None else Role(role)

    def set_role(self, group_id: int, user_id: int, role: Role) -> None:
        """Change a member's role."""
        values = {"of_group": group_id, "of_user": user_id, "new_role": role.value}
        self._run(statements.SET_ROLE, values)

    def possessions(self, group_id: int, user_id: int) -> Possessions:
        """Return what a member has in a group."""
        values = {"group_id": group_id, "user_id": user_id}
        return Possessions._make(self._run(statements.POSSESSIONS, values).one())

    def count_members(self, group_id: int, pattern: str) -> int:
        """Count the members that match a pattern."""
        statement = statements.count_in(memberships, pattern, self._lookup_user(pattern))
        return int(self._run(statement, {"group_id": group_id}).scalar_one())

    def members(
        self, group_id: int, pattern: str, after: int, limit: int
    ) -> list[tuple[Member, str]]:
        """Return the next members with their names, longest-standing first."""
        values = {"group_id": group_id, "after": after, "limit": limit}
        rows = self._run(statements.members(pattern, self._lookup_user(pattern)), values)
        return [(Member(user_id, Role(role), number), name) for number, user_id, role, name in rows]

    def traffic(
        self, group_id: int, pattern: str, after: int, limit: int
    ) -> list[tuple[int, str, Traffic]]:
        """Return the next members' traffic, longest-standing first, each with the membership's id
        and the member's name.
        """
        values = {"group_id": group_id, "after": after, "limit": limit}
        rows = self._run(statements.traffic(pattern, self._lookup_user(pattern)), values)
        return [(number, name, Traffic(up, down)) for number, name, up, down in rows]

    def traffic_of_former_members(self, group_id: int) -> Traffic:
        """Return what members moved who have left."""
        return Traffic(*self._run(statements.LEFT_TRAFFIC, {"group_id": group_id}).one())

    def count_admins(self, group_id: int) -> int:
        """Count the admins, including the owner."""
        return int(self._run(statements.COUNT_ADMINS, {"group_id": group_id}).scalar_one())

    def seniors(self, group_id: int) -> list[tuple[Member, str]]:
        """Return the longest-standing member of each role, with names; guests don't count."""
        rows = self._run(statements.SENIORS, {"group_id": group_id})
        return [(Member(user_id, Role(role), number), name) for number, user_id, role, name in rows]

    def is_member_of(self, user_id: int, group_ids: Collection[int]) -> set[int]:
        """Return those of the groups that the user is a member of."""
        query = select(memberships.c.group_id).where(
            memberships.c.user_id == user_id, memberships.c.group_id.in_(group_ids)
        )
        return set(self._run(query).scalars())

    def add_request(self, group_id: int, user_id: int, now: float) -> None:
        """Add a request to join."""
        values = {"group_id": group_id, "user_id": user_id, "requested_at": now}
        self._run(statements.ADD_REQUEST, values)

    def pending(self, group_id: int, user_id: int) -> Pending:
        """Return whether a user asks to join a group, and how many requests there are."""
        values = {"group_id": group_id, "user_id": user_id}
        return Pending._make(self._run(statements.PENDING, values).one())

    def asker(self, group_id: int, name: str) -> Asker | None:
        """Return the user called `name` who may have asked to join a group."""
        found = self._run(statements.ASKER, {"group_id": group_id, "name": name}).first()
        return None if found is None else Asker._make(found)

    def drop_request(self, group_id: int, user_id: int) -> None:
        """Delete a decided request."""
        self._run(statements.DROP_REQUEST, {"group_id": group_id, "user_id": user_id})

    def count_requests(self, group_id: int, pattern: str) -> int:
        """Count the requests of users who match a pattern."""
        statement = statements.count_in(join_requests, pattern, self._lookup_user(pattern))
        return int(self._run(statement, {"group_id": group_id}).scalar_one())

    def requests(self, group_id: int, pattern: str, after: int, limit: int) -> list[JoinRequest]:
        """Return the next requests to join, oldest first."""
        values = {"group_id": group_id, "after": after, "limit": limit}
        return list(
            map(
                JoinRequest._make,
                self._run(statements.requests(pattern, self._lookup_user(pattern)), values),
            )
        )


def _is_scan(own: int, most: int | None, limit: int) -> bool:
    """Return how a user's first `limit` groups by name are found quickly.

    The groups of a user with few are looked up and sorted; for a user in most of them, such as
    a service, all groups are scanned by name until there are enough.
    """
    return own * own > (most or 0) * limit
