"""Groups, memberships and join requests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from tracker.domain.rules import Member, Role
from tracker.store.schema import File, Group, JoinRequest, Membership, User


@dataclass(frozen=True)
class GroupSummary:
    """A line of the list of groups."""

    group: Group
    owner: str
    members: int
    files: int
    is_member: bool


class Groups:
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

    def summaries(self, user_id: int) -> list[GroupSummary]:
        """All groups by name, as `user_id` sees them."""
        owner, mine = aliased(Membership), aliased(Membership)
        members = select(func.count()).where(Membership.group_id == Group.id)
        files = select(func.count()).where(File.group_id == Group.id)
        rows = self._session.execute(
            select(Group, User.name, members.scalar_subquery(), files.scalar_subquery(), mine.id)
            .join(owner, (owner.group_id == Group.id) & (owner.role == Role.OWNER.value))
            .join(User, User.id == owner.user_id)
            .outerjoin(mine, (mine.group_id == Group.id) & (mine.user_id == user_id))
            .order_by(Group.name)
        )
        return [
            GroupSummary(group, name, member_count, file_count, own is not None)
            for group, name, member_count, file_count, own in rows
        ]

    def names_of(self, user_id: int) -> list[str]:
        """The names of the groups that a user is a member of."""
        return list(
            self._session.scalars(
                select(Group.name)
                .join(Membership)
                .where(Membership.user_id == user_id)
                .order_by(Group.name)
            )
        )

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

    def members(self, group_id: int) -> list[tuple[Member, str]]:
        """The members with their names, the longest-standing first."""
        rows = self._session.execute(
            select(Membership, User.name)
            .join(User)
            .where(Membership.group_id == group_id)
            .order_by(Membership.id)
        )
        return [(Member(row.user_id, Role(row.role), row.id), name) for row, name in rows]

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

    def drop_request(self, group_id: int, user_id: int) -> None:
        """A request was decided."""
        self._session.execute(delete(JoinRequest).where(*_is(JoinRequest, group_id, user_id)))

    def requests(self, group_id: int) -> list[tuple[str, float]]:
        """Who asks to join, and since when, the oldest first."""
        rows = self._session.execute(
            select(User.name, JoinRequest.requested_at)
            .join(JoinRequest, JoinRequest.user_id == User.id)
            .where(JoinRequest.group_id == group_id)
            .order_by(JoinRequest.id)
        )
        return [(name, requested_at) for name, requested_at in rows]

    def requests_to_decide(self, user_id: int) -> int:
        """How many requests wait in the groups that this user administers."""
        query = (
            select(func.count())
            .select_from(JoinRequest)
            .join(Membership, Membership.group_id == JoinRequest.group_id)
            .where(Membership.user_id == user_id, Membership.role != Role.MEMBER.value)
        )
        return self._session.scalar(query) or 0


def _is(
    table: type[Membership | JoinRequest], group_id: int, user_id: int
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (table.group_id == group_id, table.user_id == user_id)
