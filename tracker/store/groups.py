"""Groups, memberships and join requests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, exists, func, select, update
from sqlalchemy.orm import QueryableAttribute, Session, aliased

from tracker.domain.rules import ADMINS, Member, Role
from tracker.store.matching import fits
from tracker.store.schema import File, Group, Guest, JoinRequest, Membership, User


@dataclass(frozen=True)
class GroupSummary:
    """A row of the list of groups."""

    group: Group
    owner: str
    members: int
    files: int
    is_member: bool
    has_requested: bool
    requests: int
    """Requests to join that the user may decide on."""


class GroupRepository:
    """Groups, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, uid: str, mode: str, now: float) -> Group:
        """Create a group without members; a taken name fails the unit of work."""
        group = Group(name=name, uid=uid, mode=mode, created_at=now)
        self._session.add(group)
        self._session.flush()
        return group

    def by_name(self, name: str, *, lock: bool = False) -> Group | None:
        """Return the group called `name`; with `lock`, no other transaction changes it
        meanwhile.
        """
        query = select(Group).where(Group.name == name)
        return self._session.scalar(query.with_for_update() if lock else query)

    def delete(self, group_id: int) -> None:
        """Delete a group with its requests, files, keys and guests' accounts."""
        guests = select(Guest.user_id).where(Guest.group_id == group_id)
        self._session.execute(delete(User).where(User.id.in_(guests)))
        self._session.execute(delete(Group).where(Group.id == group_id))

    def by_uid(self, uid: str) -> Group | None:
        """Return the group whose files carry this `uid`."""
        return self._session.scalar(select(Group).where(Group.uid == uid))

    def count(self, user_id: int, pattern: str, *, member: bool | None) -> int:
        """Count the groups that match a pattern: all, or those `user_id` is or isn't a member
        of.
        """
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
        """Return the next groups by name, among those `user_id` is or isn't a member of."""
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
        mine = exists().where(JoinRequest.group_id == Group.id, JoinRequest.user_id == user_id)
        requests = select(func.count()).where(JoinRequest.group_id == Group.id)
        decides = exists().where(
            Membership.group_id == Group.id,
            Membership.user_id == user_id,
            is_admin(Membership.role),
        )
        rows = self._session.execute(
            select(
                Group,
                User.name,
                members.scalar_subquery(),
                files.scalar_subquery(),
                mine,
                case((decides, requests.scalar_subquery()), else_=0),
            )
            .join(owner, (owner.group_id == Group.id) & (owner.role == Role.OWNER.value))
            .join(User, User.id == owner.user_id)
            .where(Group.id.in_(ids))
            .order_by(Group.name)
        )
        return [
            GroupSummary(group, owner_name, member_count, file_count, member, asked, asking)
            for group, owner_name, member_count, file_count, asked, asking in rows
        ]

    def names_of(self, user_id: int, limit: int) -> list[str]:
        """Return the names of a user's first groups."""
        query = select(Group.name).where(self._is_own(user_id, limit))
        return list(self._session.scalars(query.order_by(Group.name).limit(limit)))

    def _is_own(self, user_id: int, limit: int) -> ColumnElement[bool]:
        """Condition that a user is in a group, efficient for the first `limit` groups by name.

        The groups of a user with few are looked up and sorted; for a user in most of them, such as
        a service, all groups are scanned by name until there are enough.
        """
        own = self.count(user_id, "", member=True)
        most = self._session.scalar(select(func.max(Group.id))) or 0
        if own * own <= most * limit:
            return _is_in(user_id, member=True)
        return exists().where(Membership.group_id == Group.id, Membership.user_id == user_id)

    def of_user(self, user_id: int) -> list[Group]:
        """Return all groups of a user, locked until the unit of work ends."""
        query = select(Group).join(Membership).where(Membership.user_id == user_id)
        return list(self._session.scalars(query.order_by(Group.id).with_for_update()))

    def owners(self, group_id: int) -> list[int]:
        """Return the id of a group's owner."""
        query = select(Membership.user_id).where(
            Membership.group_id == group_id, Membership.role == Role.OWNER.value
        )
        return list(self._session.scalars(query))

    def member_names(self, group_id: int) -> list[str]:
        """Return the names of all members."""
        query = select(User.name).join(Membership).where(Membership.group_id == group_id)
        return list(self._session.scalars(query.order_by(Membership.id)))

    def guest_names(self, group_id: int) -> list[str]:
        """Return the names of the accounts that end with a group."""
        query = select(User.name).join(Guest, Guest.user_id == User.id)
        return list(self._session.scalars(query.where(Guest.group_id == group_id)))

    def count_owned(self, user_id: int) -> int:
        """Count the groups that a user owns."""
        query = (
            select(func.count())
            .select_from(Membership)
            .where(Membership.user_id == user_id, Membership.role == Role.OWNER.value)
        )
        return self._session.scalar(query) or 0

    def add_member(self, group_id: int, user_id: int, role: Role, now: float) -> None:
        """Add a member."""
        self._session.add(
            Membership(group_id=group_id, user_id=user_id, role=role.value, joined_at=now)
        )
        self._session.flush()

    def drop_member(self, group_id: int, user_id: int) -> None:
        """Delete a membership; the user's shares are up to the caller."""
        self._session.execute(delete(Membership).where(*_is(Membership, group_id, user_id)))

    def role_of(self, group_id: int, user_id: int) -> Role | None:
        """Return a user's role in a group, or None."""
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
        """Count the members that match a pattern."""
        query = select(func.count()).select_from(Membership).where(Membership.group_id == group_id)
        if pattern:
            query = query.join(User).where(_is_called(pattern))
        return self._session.scalar(query) or 0

    def members(
        self, group_id: int, pattern: str, after: int, limit: int
    ) -> list[tuple[Member, str]]:
        """Return the next members with their names, longest-standing first."""
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
        """Count the admins, including the owner."""
        query = select(func.count()).where(
            Membership.group_id == group_id, is_admin(Membership.role)
        )
        return self._session.scalar(query) or 0

    def seniors(self, group_id: int) -> list[tuple[Member, str]]:
        """Return the longest-standing member of each role, with names; guests don't count."""
        guests = select(Guest.user_id).where(Guest.group_id == group_id)
        first = (
            select(func.min(Membership.id))
            .where(Membership.group_id == group_id, Membership.user_id.not_in(guests))
            .group_by(Membership.role)
        )
        rows = self._session.execute(
            select(Membership, User.name).join(User).where(Membership.id.in_(first))
        )
        return [(Member(row.user_id, Role(row.role), row.id), name) for row, name in rows]

    def is_member_of(self, user_id: int, group_ids: Collection[int]) -> set[int]:
        """Return those of the groups that the user is a member of."""
        return set(
            self._session.scalars(
                select(Membership.group_id).where(
                    Membership.user_id == user_id, Membership.group_id.in_(group_ids)
                )
            )
        )

    def add_request(self, group_id: int, user_id: int, now: float) -> None:
        """Add a request to join."""
        self._session.add(JoinRequest(group_id=group_id, user_id=user_id, requested_at=now))
        self._session.flush()

    def has_request(self, group_id: int, user_id: int) -> bool:
        """Return whether the user's request is pending."""
        query = select(JoinRequest.id).where(*_is(JoinRequest, group_id, user_id))
        return self._session.scalar(query) is not None

    def count_requests_of(self, user_id: int) -> int:
        """Count a user's pending requests."""
        query = select(func.count()).select_from(JoinRequest)
        return self._session.scalar(query.where(JoinRequest.user_id == user_id)) or 0

    def drop_request(self, group_id: int, user_id: int) -> None:
        """Delete a decided request."""
        self._session.execute(delete(JoinRequest).where(*_is(JoinRequest, group_id, user_id)))

    def count_requests(self, group_id: int, pattern: str) -> int:
        """Count the requests of users who match a pattern."""
        query = (
            select(func.count()).select_from(JoinRequest).where(JoinRequest.group_id == group_id)
        )
        if pattern:
            query = query.join(User).where(_is_called(pattern))
        return self._session.scalar(query) or 0

    def requests(
        self, group_id: int, pattern: str, after: int, limit: int
    ) -> list[tuple[JoinRequest, str]]:
        """Return the next requests to join, with the user's name, oldest first."""
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
        """Count the pending requests in the groups that this user administers."""
        query = (
            select(func.count())
            .select_from(JoinRequest)
            .join(Membership, Membership.group_id == JoinRequest.group_id)
            .where(Membership.user_id == user_id, is_admin(Membership.role))
        )
        return self._session.scalar(query) or 0


def is_admin(role: QueryableAttribute[str]) -> ColumnElement[bool]:
    """Condition that a membership's role is an admin's."""
    return role.in_([one.value for one in ADMINS])


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
