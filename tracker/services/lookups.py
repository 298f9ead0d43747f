"""Lookups at the start of most operations: the group, and the caller's role in it."""

from __future__ import annotations

from common.errors import ErrorCode, MinitorrentError
from tracker.domain import rules
from tracker.domain.rules import Role
from tracker.services.caller import Identity
from tracker.store.records import Group, User
from tracker.store.unit_of_work import UnitOfWork


def find_group(work: UnitOfWork, name: str, *, lock: bool = False) -> Group:
    """Return the group; with `lock`, no other transaction changes it meanwhile.

    Raises MinitorrentError(no_such_group).
    """
    group = work.groups.by_name(name, lock=lock)
    if group is None:
        raise _no_such_group(name)
    return group


def find_group_and_role(
    work: UnitOfWork, me: Identity, name: str, *, lock: bool = False
) -> tuple[Group, Role | None]:
    """As `find_group`; return also the caller's role in the group, None for others."""
    found = work.groups.with_role(name, me.user_id, lock=lock)
    if found is None:
        raise _no_such_group(name)
    return found


def find_own_group(work: UnitOfWork, me: Identity, name: str, *, lock: bool = False) -> Group:
    """Return the group if the caller is a member.

    Raises MinitorrentError(no_such_group, not_member).
    """
    group, role = find_group_and_role(work, me, name, lock=lock)
    rules.require_member(name, role)
    return group


def find_administered_group(
    work: UnitOfWork, me: Identity, name: str, *, lock: bool = False
) -> tuple[Group, Role]:
    """Return the group and the caller's role if the caller is one of its admins.

    Raises MinitorrentError(no_such_group, not_member, not_admin).
    """
    group, role = find_group_and_role(work, me, name, lock=lock)
    return group, rules.require_admin(name, role)


def find_user(work: UnitOfWork, name: str) -> User:
    """Return the account; raises MinitorrentError(no_such_user)."""
    user = work.users.by_name(name)
    if user is None:
        raise no_such_user(name)
    return user


def no_such_user(name: str) -> MinitorrentError:
    """Return the error for a name that is no account's."""
    return MinitorrentError(ErrorCode.NO_SUCH_USER, f"There is no user {name}.")


def _no_such_group(name: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.NO_SUCH_GROUP, f"There is no group {name}; see: list_groups")
