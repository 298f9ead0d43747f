"""Every rule about who may do what in a group, and nothing else.

The rules:
- Who creates a group owns it. The owner is an admin, always.
- Anybody may ask to join, once; admins accept, reject and list the requests.
- Admins remove members and make members admins. Only the owner removes or demotes an admin;
  an admin may step down or leave by himself.
- The owner is never removed nor demoted: ownership is transferred, by the owner alone, to a
  member, and the old owner stays an admin.
- When the owner leaves, the longest-standing admin becomes the owner, else the longest-standing
  member. When nobody is left, the group goes. So a group always has one owner.
- Members, and only they, see a group's members and files, and share, announce and find peers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from common.errors import ErrorCode, MinitorrentError


class Role(StrEnum):
    """What a member is in a group."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    @property
    def is_admin(self) -> bool:
        """Whether this role decides on requests and members."""
        return self is not Role.MEMBER


@dataclass(frozen=True)
class Member:
    """A user in a group; of two, the one with the smaller `since` has been there longer."""

    user_id: int
    role: Role
    since: int


def require_member(group: str, role: Role | None) -> Role:
    """The asker's role; raises MinitorrentError(not_member) when there is none."""
    if role is None:
        raise MinitorrentError(
            ErrorCode.NOT_MEMBER,
            f"You are not a member of {group}; ask to join with: join_group {group}",
        )
    return role


def require_admin(group: str, role: Role | None) -> Role:
    """The asker's role; raises MinitorrentError(not_member, not_admin)."""
    role = require_member(group, role)
    if not role.is_admin:
        raise MinitorrentError(
            ErrorCode.NOT_ADMIN, f"Only an admin of {group} can do this; ask one of them."
        )
    return role


def require_subject(group: str, user: str, role: Role | None) -> Role:
    """The role of the user whom it is about; raises MinitorrentError(not_member)."""
    if role is None:
        raise MinitorrentError(ErrorCode.NOT_MEMBER, f"{user} is not a member of {group}.")
    return role


def check_join(group: str, role: Role | None, has_asked: bool) -> None:
    """May this user ask to join? Raises MinitorrentError(already_member, already_requested)."""
    if role is not None:
        raise MinitorrentError(ErrorCode.ALREADY_MEMBER, f"You are a member of {group} already.")
    if has_asked:
        raise MinitorrentError(
            ErrorCode.ALREADY_REQUESTED,
            f"You have asked to join {group} already; an admin has to accept it.",
        )


def check_request(group: str, user: str, has_asked: bool) -> None:
    """Is there a request to decide on? Raises MinitorrentError(no_such_request)."""
    if not has_asked:
        raise MinitorrentError(
            ErrorCode.NO_SUCH_REQUEST,
            f"{user} has not asked to join {group}; see: list_requests {group}",
        )


def check_removal(group: str, user: str, actor: Role, subject: Role, *, is_self: bool) -> None:
    """May an admin (`actor`) remove `user`? Raises MinitorrentError(permission_denied)."""
    if subject is Role.OWNER:
        raise _owner_stays(group, user)
    if subject is Role.ADMIN and actor is not Role.OWNER and not is_self:
        raise _owner_only(group, "remove an admin")


def check_demotion(
    group: str, user: str, actor: Role, subject: Role, *, is_self: bool, admins: int
) -> None:
    """May an admin (`actor`) make `user` an ordinary member?

    `admins` counts the group's admins, the owner among them.
    Raises MinitorrentError(last_admin, permission_denied).
    """
    if subject.is_admin and admins == 1:
        raise MinitorrentError(
            ErrorCode.LAST_ADMIN,
            f"{user} is the last admin of {group}; make another member admin first with: promote",
        )
    if subject is Role.OWNER:
        raise _owner_stays(group, user)
    if subject is Role.ADMIN and actor is not Role.OWNER and not is_self:
        raise _owner_only(group, "demote an admin")


def check_transfer(group: str, actor: Role) -> None:
    """May the asker give the group away? Raises MinitorrentError(not_admin, permission_denied)."""
    require_admin(group, actor)
    if actor is not Role.OWNER:
        raise _owner_only(group, "transfer it")


def heir(others: Iterable[Member]) -> Member | None:
    """Who owns the group after its owner left: the longest-standing admin, else member.

    None when nobody is left.
    """
    return min(others, key=lambda member: (not member.role.is_admin, member.since), default=None)


def _owner_stays(group: str, user: str) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.PERMISSION_DENIED,
        f"{user} owns {group}; the owner must first pass it on with: transfer_group {group} USER",
    )


def _owner_only(group: str, what: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.PERMISSION_DENIED, f"Only the owner of {group} can {what}.")
