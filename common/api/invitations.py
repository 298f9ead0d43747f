"""Invitations: one-time codes that let their holders into a group without a request."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from common.api.groups import LowerRole, RoleUnlessPlain
from common.api.model import WHOLE, Count, Model, Name
from common.api.operation import Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.errors import ErrorCode

MAX_USES = 1000
MAX_DAYS = 365

InviteCode = Annotated[str, Field(min_length=1, max_length=64)]
"""The secret of an invitation: 128 random bits, base64url without padding."""


class CreateInvite(Model):
    """Create an invitation to a group; its users get this role, or with `admin` become admins."""

    group: Name
    uses: Annotated[int, Field(ge=1, le=MAX_USES), WHOLE] = 1
    days: Annotated[int, Field(ge=1, le=MAX_DAYS), WHOLE] = 7
    admin: bool = False
    role: LowerRole = "member"


class CreateInviteReply(Model):
    """`code` is shown only in this reply; `expires_at` is ISO 8601, UTC.

    `role` is left out if its users become plain members, and by trackers without other roles.
    """

    group: str
    id: Count
    code: str
    uses: Count
    expires_at: str
    role: RoleUnlessPlain = "member"


class ListInvites(PageRequest):
    """List a group's valid invitations; for its admins. The pattern matches who created them."""

    group: Name


class InviteRow(Model):
    """`by` created it at `at`; times are ISO 8601, UTC; `role` as in the reply above."""

    id: Count
    by: str
    at: str
    uses_left: Count
    expires_at: str
    admin: bool
    role: RoleUnlessPlain = "member"


class ListInvitesReply(PageReply):
    group: str
    invites: Annotated[list[InviteRow], ROWS]


class RevokeInvite(Model):
    """End an invitation."""

    group: Name
    id: Count


class RevokeInviteReply(Model):
    group: str
    id: Count


class AcceptInvite(Model):
    """Become a member of the group that an invitation is for."""

    code: InviteCode


class AcceptInviteReply(Model):
    group: str
    status: Literal["member"] = "member"


_ADMINS_ONLY = frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER, ErrorCode.NOT_ADMIN})

CREATE_INVITE = Operation(
    "create_invite", CreateInvite, CreateInviteReply, _ADMINS_ONLY, scope="admin"
)
LIST_INVITES = Operation("list_invites", ListInvites, ListInvitesReply, _ADMINS_ONLY, scope="read")
REVOKE_INVITE = Operation(
    "revoke_invite",
    RevokeInvite,
    RevokeInviteReply,
    _ADMINS_ONLY | {ErrorCode.INVITE_INVALID},
    scope="admin",
)
ACCEPT_INVITE = Operation(
    "accept_invite",
    AcceptInvite,
    AcceptInviteReply,
    frozenset({ErrorCode.INVITE_INVALID, ErrorCode.ALREADY_MEMBER, ErrorCode.TOO_MANY_ATTEMPTS}),
    scope="member",
)
