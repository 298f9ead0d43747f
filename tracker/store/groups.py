"""Groups, memberships and join requests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from tracker.domain.rules import Member, Role
from tracker.store.matching import fits
from tracker.store.schema import Connection, File, Group, JoinRequest, Membership, User


@dataclass(frozen=True)
class GroupSummary:
    """A line of the list of groups."""

    group: Group
    owner: str
    members: int
    files: int
    is_member: bool


class GroupRepository:
    """The groups in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, uid: str, mode: str, now: float) -> Group:
        """Create a group without members; a name that exists makes the unit of work fail."""
        group = Group(name=name, uid=uid, mode=mode, created_at=now)
        self._session.add(group)
        self._session.flush()
        return group

    def by_name(self, name: str, *, lock: bool = False) -> Group | None:
        """The group called `name`; with `lock`, nobody else changes it meanwhile."""
        query = select(Group).where(Group.name == name)
        return self._session.scalar(query.with_for_update() if lock else query)

    def delete(self, group_id: int) -> None:
        """Remove a group with its requests, files and keys."""
        self._session.execute(delete(Group).where(Group.id == group_id))

    def by_uid(self, uid: str) -> Group | None:
        """The group whose files bear this `uid`."""
        return self._session.scalar(select(Group).where(Group.uid == uid))

    def count(self, user_id: int, pattern: str, *, member: bool | None) -> int:
        """How many groups fit a pattern: of all, or of those that `user_id` is in, or is not in."""
        if member and not pattern:
            own = select(func.count()).select_from(Membership)
            return self._session.scalar(own.where(Membership.user_id == user_id)) or 0
        query = _named(select(func.count()).select_from(Group), pattern)
        if member is not None:
            query = query.where(_is_in(user_id, member=member))
        return self._session.scalar(query) or 0

    def page(
        self, user_id: int, pattern: str, after: str, limit: int, *, member: bool
    ) -> list[GroupSummary]:
        """The next groups by name, of those that `user_id` is in, or of the others."""
        query = _named(select(Group.id), pattern)
        is_first_own = member and not pattern
        query = query.where(
            self._is_own(user_id, limit) if is_first_own else _is_in(user_id, member=member)
        )
        if after:
            query = query.where(Group.name > after)
        ids = list(self._session.scalars(query.order_by(Group.name).limit(limit)))
        owner = aliased(Membership)
        members = select(func.count()).where(Membership.group_id == Group.id)
        files = select(func.count()).where(File.group_id == Group.id)
        rows = self._session.execute(
            select(Group, User.name, members.scalar_subquery(), files.scalar_subquery())
            .join(owner, (owner.group_id == Group.id) & (owner.role == Role.OWNER.value))
            .join(User, User.id == owner.user_id)
            .where(Group.id.in_(ids))
            .order_by(Group.name)
        )
        return [
            GroupSummary(group, owner_name, member_count, file_count, member)
            for group, owner_name, member_count, file_count in rows
        ]

    def names_of(self, user_id: int, limit: int) -> list[str]:
        """The names of the first groups that a user is a member of."""
        query = select(Group.name).where(self._is_own(user_id, limit))
        return list(self._session.scalars(query.order_by(Group.name).limit(limit)))

    def _is_own(self, user_id: int, limit: int) -> ColumnElement[bool]:
        """Whether a user is in a group, for the first `limit` of these by name.

        Who is in few groups has them looked up and sorted; who is in most of all there are, as a
        service may be, has the groups gone through by name until there are enough.
        """
        own = self.count(user_id, "", member=True)
        most = self._session.scalar(select(func.max(Group.id))) or 0
        if own * own <= most * limit:
            return _is_in(user_id, member=True)
        return exists().where(Membership.group_id == Group.id, Membership.user_id == user_id)

    def count_owned(self, user_id: int) -> int:
        """How many groups a user owns."""
        query = (
            select(func.count())
            .select_from(Membership)
            .where(Membership.user_id == user_id, Membership.role == Role.OWNER.value)
        )
        return self._session.scalar(query) or 0

    def add_member(self, group_id: int, user_id: int, role: Role, now: float) -> None:
        """Let a user in."""
        self._session.add(
            Membership(group_id=group_id, user_id=user_id, role=role.value, joined_at=now)
        )
        self._session.flush()

    def drop_member(self, group_id: int, user_id: int) -> None:
        """End a membership; what the user offers there is another repository's matter."""
        self._session.execute(delete(Membership).where(*_is(Membership, group_id, user_id)))

    def role_of(self, group_id: int, user_id: int) -> Role | None:
        """A user's role in a group."""
        found = self._session.scalar(
            select(Membership.role).where(*_is(Membership, group_id, user_id))
        )
        return None if found is None else Role(found)

    def set_role(self, group_id: int, user_id: int, role: Role) -> None:
        """Change a member's role."""
        self._session.execute(
            update(Membership).where(*_is(Membership, group_id, user_id)).values(role=role.value)
        )

    def count_members(self, group_id: int, pattern: str) -> int:
        """How many members fit a pattern."""
        query = select(func.count()).select_from(Membership).where(Membership.group_id == group_id)
        if pattern:
            query = query.join(User).where(_is_called(pattern))
        return self._session.scalar(query) or 0

    def members(
        self, group_id: int, pattern: str, after: int, limit: int
    ) -> list[tuple[Member, str]]:
        """The next members with their names, the longest-standing first."""
        query = (
            select(Membership, User.name)
            .join(User)
            .where(Membership.group_id == group_id, Membership.id > after)
        )
        if pattern:
            query = query.where(_is_called(pattern))
        rows = self._session.execute(query.order_by(Membership.id).limit(limit))
        return [(Member(row.user_id, Role(row.role), row.id), name) for row, name in rows]

    def count_admins(self, group_id: int) -> int:
        """How many may decide, the owner among them."""
        query = select(func.count()).where(
            Membership.group_id == group_id, Membership.role != Role.MEMBER.value
        )
        return self._session.scalar(query) or 0

    def seniors(self, group_id: int) -> list[tuple[Member, str]]:
        """The longest-standing member of each role, with the names."""
        first = (
            select(func.min(Membership.id))
            .where(Membership.group_id == group_id)
            .group_by(Membership.role)
        )
        rows = self._session.execute(
            select(Membership, User.name).join(User).where(Membership.id.in_(first))
        )
        return [(Member(row.user_id, Role(row.role), row.id), name) for row, name in rows]

    def connected(self, group_id: int, *, only_admins: bool = False) -> set[str]:
        """The names of the members who are connected to any tracker."""
        query = (
            select(User.name)
            .distinct()
            .join(Connection, Connection.user_id == User.id)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.group_id == group_id)
        )
        if only_admins:
            query = query.where(Membership.role != Role.MEMBER.value)
        return set(self._session.scalars(query))

    def is_member_of(self, user_id: int, group_ids: Collection[int]) -> set[int]:
        """Those of the groups that the user is a member of."""
        return set(
            self._session.scalars(
                select(Membership.group_id).where(
                    Membership.user_id == user_id, Membership.group_id.in_(group_ids)
                )
            )
        )

    def add_request(self, group_id: int, user_id: int, now: float) -> None:
        """Note that a user asks to join."""
        self._session.add(JoinRequest(group_id=group_id, user_id=user_id, requested_at=now))
        self._session.flush()

    def has_request(self, group_id: int, user_id: int) -> bool:
        """Whether the user's request is undecided."""
        query = select(JoinRequest.id).where(*_is(JoinRequest, group_id, user_id))
        return self._session.scalar(query) is not None

    def count_requests_of(self, user_id: int) -> int:
        """How many requests of a user are undecided."""
        query = select(func.count()).select_from(JoinRequest)
        return self._session.scalar(query.where(JoinRequest.user_id == user_id)) or 0

    def drop_request(self, group_id: int, user_id: int) -> None:
        """A request was decided."""
        self._session.execute(delete(JoinRequest).where(*_is(JoinRequest, group_id, user_id)))

    def count_requests(self, group_id: int, pattern: str) -> int:
        """How many requests there are from users who fit a pattern."""
        query = (
            select(func.count()).select_from(JoinRequest).where(JoinRequest.group_id == group_id)
        )
        if pattern:
            query = query.join(User).where(_is_called(pattern))
        return self._session.scalar(query) or 0

    def requests(
        self, group_id: int, pattern: str, after: int, limit: int
    ) -> list[tuple[JoinRequest, str]]:
        """The next requests to join, with who asks, the oldest first."""
        query = (
            select(JoinRequest, User.name)
            .join(User)
            .where(JoinRequest.group_id == group_id, JoinRequest.id > after)
        )
        if pattern:
            query = query.where(_is_called(pattern))
        rows = self._session.execute(query.order_by(JoinRequest.id).limit(limit))
        return [(request, name) for request, name in rows]

    def requests_to_decide(self, user_id: int) -> int:
        """How many requests wait in the groups that this user administers."""
        query = (
            select(func.count())
            .select_from(JoinRequest)
            .join(Membership, Membership.group_id == JoinRequest.group_id)
            .where(Membership.user_id == user_id, Membership.role != Role.MEMBER.value)
        )
        return self._session.scalar(query) or 0


def _named(query: Select[Any], pattern: str) -> Select[Any]:
    return query.where(fits(Group.name, pattern)) if pattern else query


def _is_called(pattern: str) -> ColumnElement[bool]:
    return fits(User.name, pattern)


def _is_in(user_id: int, *, member: bool) -> ColumnElement[bool]:
    own = select(Membership.group_id).where(Membership.user_id == user_id)
    return Group.id.in_(own) if member else Group.id.not_in(own)


def _is(
    table: type[Membership | JoinRequest], group_id: int, user_id: int
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (table.group_id == group_id, table.user_id == user_id)
