"""Groups, their members and the requests to join them."""

from __future__ import annotations

import operator
from typing import Annotated, Literal

from pydantic import Field

from common.api.model import NO_NUL, Count, Model, Name
from common.api.operation import Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.errors import ErrorCode

Mode = Literal["open", "sealed"]
"""Whether any BitTorrent client may take part, or only holders of the group's certificate."""

Role = Literal["owner", "admin", "uploader", "member", "reader"]
"""The roles in a group; tracker.domain.rules says what each may do."""

GivenRole = Literal["admin", "uploader", "member", "reader"]
"""A role that admins give."""

LowerRole = Literal["uploader", "member", "reader"]
"""A role below the admins'."""

RoleUnlessPlain = Annotated[LowerRole, Field(exclude_if=lambda role: role == "member")]
"""A role that is left out where it is a plain member's."""

Upload = Literal["members", "uploaders"]
"""Who adds files to a group besides its admins: all but readers, or only uploaders."""

UploadUnlessAll = Annotated[Upload, Field(exclude_if=lambda upload: upload == "members")]
"""Who adds files, left out where it is the usual."""

MAX_DECISIONS = 100
"""Most requests to join that are decided in one call."""


class CreateGroup(Model):
    """Create a group owned by the caller."""

    group: Name
    mode: Mode = "sealed"


class CreateGroupReply(Model):
    group: str
    mode: Mode


class JoinGroup(Model):
    """Ask to become a member; an admin decides."""

    group: Name


class JoinGroupReply(Model):
    group: str
    status: Literal["requested"]


class LeaveGroup(Model):
    """Leave a group. An owner's group passes to another member; an empty group is deleted."""

    group: Name


class GroupReply(Model):
    group: str


class ListGroups(PageRequest):
    """List all groups, the caller's own first; with `member`, only those or only the others."""

    member: bool | None = None


class GroupRow(Model):
    """`members` and `files` are counts; `member` says whether the caller is one.

    `requested` says whether the caller has asked to join; `requests` counts those who have, if the
    caller decides on them. Both are left out where there is nothing to say.
    """

    group: str
    owner: str
    members: Count
    files: Count
    mode: Mode
    member: bool
    requested: bool = Field(default=False, exclude_if=operator.not_)
    requests: Count = Field(default=0, exclude_if=operator.not_)


class ListGroupsReply(PageReply):
    groups: Annotated[list[GroupRow], ROWS]


class WithRoles(Model):
    """A request whose answer contains roles.

    Without `all_roles`, uploaders and readers are reported as members: clients of version 1 know
    no other roles.
    """

    all_roles: bool = False


class ListMembers(PageRequest, WithRoles):
    """List a group's members, and who of them is online; `all_roles` as in get_group."""

    group: Name


class MemberRow(Model):
    user: str
    role: Role
    online: bool


class ListMembersReply(PageReply):
    group: str
    members: Annotated[list[MemberRow], ROWS]


class ListRequests(PageRequest):
    """List the requests to join a group; for its admins."""

    group: Name


class RequestRow(Model):
    """`requested_at` is ISO 8601, UTC."""

    user: str
    requested_at: str


class ListRequestsReply(PageReply):
    group: str
    requests: Annotated[list[RequestRow], ROWS]


class OnMember(Model):
    """A group and the user that the operation applies to."""

    group: Name
    user: Name


class AcceptRequest(OnMember):
    """Accept a user's request to join."""


class RejectRequest(OnMember):
    """Reject a user's request to join."""


class DecideRequests(Model):
    """Several users who ask to join; without any, the first of all who do.

    At most MAX_DECISIONS are decided at once, and without names no more are accepted than there is
    room for: if `left` is set, more users ask to join.
    """

    group: Name
    users: Annotated[list[Name], Field(max_length=MAX_DECISIONS)] = Field(default_factory=list)


class AcceptRequests(DecideRequests):
    """Accept several requests to join, or none if one of these users has not asked."""


class RejectRequests(DecideRequests):
    """Reject several requests to join, or none if one of these users has not asked."""


class DecideRequestsReply(Model):
    """`users` were decided now; `left` counts the group's other requests."""

    group: str
    users: Annotated[list[str], ROWS]
    left: Count


class RemoveMember(OnMember):
    """Remove a member from the group."""


class Promote(OnMember):
    """Make a member an admin."""


class Demote(OnMember):
    """Make an admin an ordinary member."""


class SetRole(OnMember):
    """Give a member a role."""

    role: GivenRole


class TransferGroup(OnMember):
    """Make a member the owner; the old owner stays an admin."""


class MemberReply(Model):
    group: str
    user: str


class RoleReply(MemberReply):
    role: GivenRole


class SetUpload(Model):
    """Decide who adds files to a group."""

    group: Name
    upload: Upload


class SetUploadReply(Model):
    group: str
    upload: Upload


class GetGroup(WithRoles):
    """Get a group's profile, for a member's client."""

    group: Name


class FindGroup(WithRoles):
    """Find the group with this `source` among the caller's groups."""

    source: Annotated[str, Field(max_length=255, pattern=NO_NUL)]


class GroupProfileReply(Model):
    """`source` is written to the info dictionary of everything shared in this group.

    It is unique to the group, so that equal content in two groups has two info-hashes. `authority`
    is a sealed group's own certificate (PEM), written there too, as `ssl-cert`; `removed` lists the
    ids of revoked certificates (see common.api.authority); if `more_removed` is set, list_removed
    returns the rest. `role` is the caller's own. `upload` says who adds files, and `refusal` why
    the caller may not, as a sentence; both are left out in the usual case.
    """

    group: str
    mode: Mode
    source: str
    authority: str | None = None
    removed: Annotated[list[str], ROWS] = Field(default_factory=list)
    more_removed: bool = False
    role: Role = "member"
    upload: UploadUnlessAll = "members"
    refusal: str = Field(default="", exclude_if=operator.not_)


_MEMBERS_ONLY = frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER})
_ADMINS_ONLY = _MEMBERS_ONLY | {ErrorCode.NOT_ADMIN}
_ON_REQUEST = _ADMINS_ONLY | {ErrorCode.NO_SUCH_USER, ErrorCode.NO_SUCH_REQUEST}
_ON_MEMBER = _ADMINS_ONLY | {ErrorCode.NO_SUCH_USER, ErrorCode.PERMISSION_DENIED}

CREATE_GROUP = Operation(
    "create_group",
    CreateGroup,
    CreateGroupReply,
    frozenset({ErrorCode.GROUP_EXISTS}),
    scope="member",
)
JOIN_GROUP = Operation(
    "join_group",
    JoinGroup,
    JoinGroupReply,
    frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.ALREADY_MEMBER, ErrorCode.ALREADY_REQUESTED}),
    scope="member",
)
LEAVE_GROUP = Operation("leave_group", LeaveGroup, GroupReply, _MEMBERS_ONLY, scope="member")
LIST_GROUPS = Operation("list_groups", ListGroups, ListGroupsReply, frozenset(), scope="read")
LIST_MEMBERS = Operation("list_members", ListMembers, ListMembersReply, _MEMBERS_ONLY, scope="read")
LIST_REQUESTS = Operation(
    "list_requests", ListRequests, ListRequestsReply, _ADMINS_ONLY, scope="read"
)
ACCEPT_REQUEST = Operation("accept_request", AcceptRequest, MemberReply, _ON_REQUEST, scope="admin")
REJECT_REQUEST = Operation("reject_request", RejectRequest, MemberReply, _ON_REQUEST, scope="admin")
ACCEPT_REQUESTS = Operation(
    "accept_requests", AcceptRequests, DecideRequestsReply, _ON_REQUEST, scope="admin"
)
REJECT_REQUESTS = Operation(
    "reject_requests", RejectRequests, DecideRequestsReply, _ON_REQUEST, scope="admin"
)
REMOVE_MEMBER = Operation("remove_member", RemoveMember, MemberReply, _ON_MEMBER, scope="admin")
PROMOTE = Operation("promote", Promote, MemberReply, _ON_MEMBER, scope="admin")
DEMOTE = Operation(
    "demote", Demote, MemberReply, _ON_MEMBER | {ErrorCode.LAST_ADMIN}, scope="admin"
)
SET_ROLE = Operation(
    "set_role", SetRole, RoleReply, _ON_MEMBER | {ErrorCode.LAST_ADMIN}, scope="admin"
)
SET_UPLOAD = Operation("set_upload", SetUpload, SetUploadReply, _ADMINS_ONLY, scope="admin")
TRANSFER_GROUP = Operation("transfer_group", TransferGroup, MemberReply, _ON_MEMBER, scope="admin")
GET_GROUP = Operation("get_group", GetGroup, GroupProfileReply, _MEMBERS_ONLY, scope="read")
FIND_GROUP = Operation(
    "find_group", FindGroup, GroupProfileReply, frozenset({ErrorCode.NO_SUCH_GROUP}), scope="read"
)
