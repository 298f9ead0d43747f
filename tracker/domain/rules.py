"""All rules about who may do what in a group.

- The creator of a group is its owner. The owner is always an admin.
- Anyone may ask to join, once; admins list, accept and reject the requests.
- Admins remove members and give them roles. Only the owner removes or demotes an admin; an admin
  may step down or leave.
- The owner is never removed or demoted: only the owner can transfer ownership, to a member, and
  stays an admin.
- When the owner leaves, the longest-standing admin becomes the owner, or else the longest-standing
  uploader, member or reader. When nobody is left, the group is deleted. So a group always has one
  owner.
- Only members see a group's members and files, download, announce and find peers.
- Uploaders always add files; members do unless the group's admins reserve that for uploaders;
  readers never do: they download, and seed what they have.
- A new role ends no share. It ends an admin's invitations, and the right to add other files.
- Admins remove any file from a group; its owner (the member who has shared it longest) removes that
  file, with a role that adds files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from common.errors import ErrorCode, MinitorrentError


class Role(StrEnum):
    """A member's role in a group; the highest comes first."""

    OWNER = "owner"
    ADMIN = "admin"
    UPLOADER = "uploader"
    MEMBER = "member"
    READER = "reader"

    @property
    def rank(self) -> int:
        """Its place among all roles; 0 is the highest."""
        return list(Role).index(self)

    @property
    def is_admin(self) -> bool:
        """Whether this role manages requests and members."""
        return self in ADMINS


ADMINS = (Role.OWNER, Role.ADMIN)


class Upload(StrEnum):
    """Who adds files to a group, as its admins decide; the admins always do."""

    MEMBERS = "members"
    """Everybody but readers."""
    UPLOADERS = "uploaders"

    def includes(self, role: Role) -> bool:
        """Return whether members with this role add files."""
        lowest = Role.MEMBER if self is Upload.MEMBERS else Role.UPLOADER
        return role.rank <= lowest.rank


@dataclass(frozen=True)
class Member:
    """A user in a group; a smaller `since` means a longer membership."""

    user_id: int
    role: Role
    since: int


def require_member(group: str, role: Role | None) -> Role:
    """Return the caller's role; raises MinitorrentError(not_member) if there is none."""
    if role is None:
        raise MinitorrentError(
            ErrorCode.NOT_MEMBER,
            f"You are not a member of {group}; ask to join with: join_group {group}",
        )
    return role


def require_admin(group: str, role: Role | None) -> Role:
    """Return the caller's role; raises MinitorrentError(not_member, not_admin)."""
    role = require_member(group, role)
    if not role.is_admin:
        raise MinitorrentError(
            ErrorCode.NOT_ADMIN, f"Only an admin of {group} can do this; ask one of them."
        )
    return role


def require_subject(group: str, user: str, role: Role | None) -> Role:
    """Return the role of the member to act on; raises MinitorrentError(not_member)."""
    if role is None:
        raise MinitorrentError(ErrorCode.NOT_MEMBER, f"{user} is not a member of {group}.")
    return role


def check_join(group: str, role: Role | None, has_asked: bool) -> None:
    """Check that a user may ask to join; raises MinitorrentError(already_member,
    already_requested).
    """
    if role is not None:
        raise MinitorrentError(ErrorCode.ALREADY_MEMBER, f"You are already a member of {group}.")
    if has_asked:
        raise MinitorrentError(
            ErrorCode.ALREADY_REQUESTED,
            f"You have already asked to join {group}; wait for an admin to accept.",
        )


def check_request(group: str, user: str, has_asked: bool) -> None:
    """Check that there is a request to decide; raises MinitorrentError(no_such_request)."""
    if not has_asked:
        raise MinitorrentError(
            ErrorCode.NO_SUCH_REQUEST,
            f"{user} has not asked to join {group}; see: list_requests {group}",
        )


def check_removal(group: str, user: str, actor: Role, subject: Role, *, is_self: bool) -> None:
    """Check that an admin (`actor`) may remove `user`; MinitorrentError(permission_denied) if
    not.
    """
    if subject is Role.OWNER:
        raise _owner_stays(group, user)
    if subject is Role.ADMIN and actor is not Role.OWNER and not is_self:
        raise _owner_only(group, "remove an admin")


def check_upload(group: str, user: str, role: Role, upload: Upload) -> None:
    """Check that a member may add files; raises MinitorrentError(permission_denied)."""
    if not upload.includes(role):
        is_reader = role is Role.READER
        reason = f"You are a reader in {group}" if is_reader else _uploaders_only(group)
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"{reason}; ask an admin for: set_role {group} {user} {Role.UPLOADER}",
        )


def check_file_removal(
    group: str, name: str, role: Role, upload: Upload, *, is_owner: bool
) -> None:
    """Check that a member may remove a file for everybody; raises MinitorrentError(not_admin)."""
    if not (role.is_admin or (is_owner and upload.includes(role))):
        raise MinitorrentError(
            ErrorCode.NOT_ADMIN,
            f"Only its owner and the admins of {group} can remove {name}; ask one of them. Your own"
            f" share ends with: stop_share {group} {name}",
        )


def check_demotion(
    group: str, user: str, actor: Role, subject: Role, *, is_self: bool, admins: int
) -> None:
    """Check that an admin (`actor`) may give `user` a role below the admins'.

    `admins` counts the group's admins, including the owner. Raises MinitorrentError(last_admin,
    permission_denied).
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


def check_new_role(
    group: str, user: str, actor: Role, subject: Role, role: Role, *, is_self: bool, admins: int
) -> None:
    """Check that an admin (`actor`) may give `user` a role, which isn't the owner's.

    Raises MinitorrentError as `check_demotion`.
    """
    if not role.is_admin:
        check_demotion(group, user, actor, subject, is_self=is_self, admins=admins)
    elif subject is Role.OWNER:
        raise _owner_stays(group, user)


def check_transfer(group: str, actor: Role) -> None:
    """Check that the caller may transfer the group; raises MinitorrentError(not_admin,
    permission_denied).
    """
    require_admin(group, actor)
    if actor is not Role.OWNER:
        raise _owner_only(group, "transfer it")


def heir(others: Iterable[Member]) -> Member | None:
    """Return the new owner after the owner left: the longest-standing of the highest role.

    Returns None when nobody is left.
    """
    return min(others, key=lambda member: (member.role.rank, member.since), default=None)


def _uploaders_only(group: str) -> str:
    return f"Only uploaders and admins add files in {group}"


def _owner_stays(group: str, user: str) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.PERMISSION_DENIED,
        f"{user} owns {group}; the owner must first pass it on with: transfer_group {group} USER",
    )


def _owner_only(group: str, what: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.PERMISSION_DENIED, f"Only the owner of {group} can {what}.")
