"""Lookups at the start of most operations: the group, and the caller's role in it."""

from __future__ import annotations

from common.errors import ErrorCode, MinitorrentError
from tracker.domain import rules
from tracker.domain.rules import Role
from tracker.services.caller import Identity
from tracker.store.schema import Group, User
from tracker.store.unit_of_work import UnitOfWork


def find_group(work: UnitOfWork, name: str, *, lock: bool = False) -> Group:
    """Return the group; with `lock`, no other transaction changes it meanwhile.

    Raises MinitorrentError(no_such_group).
    """
    group = work.groups.by_name(name, lock=lock)
    if group is None:
        raise MinitorrentError(
            ErrorCode.NO_SUCH_GROUP, f"There is no group {name}; see: list_groups"
        )
    return group


def find_own_group(work: UnitOfWork, me: Identity, name: str, *, lock: bool = False) -> Group:
    """Return the group if the caller is a member.

    Raises MinitorrentError(no_such_group, not_member).
    """
    group = find_group(work, name, lock=lock)
    rules.require_member(name, work.groups.role_of(group.id, me.user_id))
    return group


def find_administered_group(
    work: UnitOfWork, me: Identity, name: str, *, lock: bool = False
) -> tuple[Group, Role]:
    """Return the group and the caller's role if the caller is one of its admins.

    Raises MinitorrentError(no_such_group, not_member, not_admin).
    """
    group = find_group(work, name, lock=lock)
    return group, rules.require_admin(name, work.groups.role_of(group.id, me.user_id))


def find_user(work: UnitOfWork, name: str) -> User:
    """Return the account; raises MinitorrentError(no_such_user)."""
    user = work.users.by_name(name)
    if user is None:
        raise MinitorrentError(ErrorCode.NO_SUCH_USER, f"There is no user {name}.")
    return user
