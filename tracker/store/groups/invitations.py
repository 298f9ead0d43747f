"""Invitations to groups, and the removals that they don't undo."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    select,
    update,
)

from tracker.store.matching import fits
from tracker.store.records import Group, Invitation
from tracker.store.tables import (
    GROUP_COLUMNS,
    REMEMBERED,
    groups,
    invitations,
    new_row,
    removals,
    users,
)

_INVITATION = (
    invitations.c.id,
    invitations.c.group_id,
    invitations.c.created_by,
    invitations.c.created_at,
    invitations.c.expires_at,
    invitations.c.uses_left,
    invitations.c.makes_admins,
    invitations.c.role,
)
_GROUP_ID: BindParameter[int] = bindparam("group_id")
_NOW: BindParameter[float] = bindparam("now")
_NUMBER: BindParameter[int] = bindparam("number")
_IS_USABLE = (invitations.c.uses_left > 0) & (invitations.c.expires_at > _NOW)
_IS_VALID = (invitations.c.group_id == bindparam("of_group")) & _IS_USABLE
_IS_REMOVED = (removals.c.group_id == _GROUP_ID) & (removals.c.user_id == bindparam("user_id"))

_ADD = new_row(
    invitations,
    "group_id",
    "created_by",
    "digest",
    "created_at",
    "expires_at",
    "uses_left",
    "makes_admins",
    "role",
).returning(*_INVITATION)
_BY_DIGEST = (
    select(*_INVITATION, users.c.name, *GROUP_COLUMNS)
    .join(groups, groups.c.id == invitations.c.group_id)
    .join(users, users.c.id == invitations.c.created_by)
    .where(invitations.c.digest == bindparam("of_digest"))
)
_SPEND = (
    update(invitations)
    .where(invitations.c.id == _NUMBER, _IS_USABLE)
    .values(uses_left=invitations.c.uses_left - 1)
    .returning(invitations.c.id)
)
_REVOKE = (
    update(invitations)
    .where(_IS_VALID, invitations.c.id == _NUMBER)
    .values(uses_left=0)
    .returning(invitations.c.id)
)
_REVOKE_CREATED_BY = (
    update(invitations)
    .where(
        invitations.c.group_id == bindparam("of_group"),
        invitations.c.created_by == bindparam("creator"),
        invitations.c.uses_left > 0,
    )
    .values(uses_left=0)
)
_EXCLUDE = new_row(removals, "group_id", "user_id", "removed_at").on_conflict_do_update(
    index_elements=["group_id", "user_id"], set_={"removed_at": bindparam("removed_at")}
)
_FORGIVE = delete(removals).where(_IS_REMOVED)
_REMOVED_AT = select(removals.c.removed_at).where(_IS_REMOVED)


class InvitationRepository:
    """Invitations, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def add(
        self,
        group_id: int,
        created_by: int,
        digest: bytes,
        created_at: float,
        expires_at: float,
        *,
        uses: int,
        makes_admins: bool,
        role: str,
    ) -> Invitation:
        """Store a new invitation, which gets the next number."""
        values = {
            "group_id": group_id,
            "created_by": created_by,
            "digest": digest,
            "created_at": created_at,
            "expires_at": expires_at,
            "uses_left": uses,
            "makes_admins": makes_admins,
            "role": role,
        }
        return Invitation._make(self._run(_ADD, values).one())

    def by_digest(self, digest: bytes) -> tuple[Invitation, str, Group] | None:
        """Return the invitation with this digest, its creator and group, valid or not."""
        found = self._run(_BY_DIGEST, {"of_digest": digest}).first()
        if found is None:
            return None
        width = len(_INVITATION)
        group = Group._make(found[width + 1 :])
        return Invitation._make(found[:width]), found[width], group

    def page(
        self, group_id: int, now: float, pattern: str, after: int, limit: int
    ) -> list[tuple[Invitation, str]]:
        """Return a group's next valid invitations, oldest first, with who created each."""
        values = {"of_group": group_id, "now": now, "after": after, "limit": limit}
        rows = self._run(_page(pattern), values)
        return [(Invitation._make(invitation), creator) for *invitation, creator in rows]

    def count(self, group_id: int, now: float, pattern: str) -> int:
        """Count a group's valid invitations."""
        return int(self._run(_count(pattern), {"of_group": group_id, "now": now}).scalar_one())

    def spend(self, invitation_id: int, now: float) -> bool:
        """Take one use; returns False if there was none left, or the time is over."""
        return self._run(_SPEND, {"number": invitation_id, "now": now}).first() is not None

    def revoke(self, group_id: int, invitation_id: int, now: float) -> bool:
        """End a valid invitation; returns False if there is none with this number."""
        values = {"of_group": group_id, "number": invitation_id, "now": now}
        return self._run(_REVOKE, values).first() is not None

    def revoke_created_by(self, group_id: int, user_id: int) -> None:
        """End all invitations that a former admin created."""
        self._run(_REVOKE_CREATED_BY, {"of_group": group_id, "creator": user_id})

    def exclude(self, group_id: int, user_id: int, now: float) -> None:
        """Record that a user was removed: earlier invitations don't let the user in again."""
        self._run(_EXCLUDE, {"group_id": group_id, "user_id": user_id, "removed_at": now})

    def forgive(self, group_id: int, user_id: int) -> None:
        """Forget that a user was removed."""
        self._run(_FORGIVE, {"group_id": group_id, "user_id": user_id})

    def removed_at(self, group_id: int, user_id: int) -> float | None:
        """Return when a user was last removed from a group, or None."""
        return self._run(_REMOVED_AT, {"group_id": group_id, "user_id": user_id}).scalar()

    def delete_expired(self, now: float) -> None:
        """Delete invitations whose time is over."""
        self._run(delete(invitations).where(invitations.c.expires_at <= now))


def _of_creators(query: Select[Any], pattern: str) -> Select[Any]:
    """Restrict a query to a group's valid invitations whose creator matches a pattern."""
    query = query.join(users, users.c.id == invitations.c.created_by).where(_IS_VALID)
    return query.where(fits(users.c.name, pattern)) if pattern else query


@lru_cache(REMEMBERED)
def _page(pattern: str) -> Select[Any]:
    query = _of_creators(select(*_INVITATION, users.c.name), pattern)
    query = query.where(invitations.c.id > bindparam("after")).order_by(invitations.c.id)
    return query.limit(bindparam("limit"))


@lru_cache(REMEMBERED)
def _count(pattern: str) -> Select[Any]:
    return _of_creators(select(func.count()).select_from(invitations), pattern)
