"""Groups, their members and the requests to join them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from common.api.model import NO_NUL, Count, Model, Name
from common.api.operation import Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.errors import ErrorCode

Mode = Literal["open", "sealed"]
"""Whether any BitTorrent client may take part, or only those with the group's certificate."""

Role = Literal["owner", "admin", "member"]


class CreateGroup(Model):
    """Make a group that the asker owns."""

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
    """End one's own membership; an owner's group is passed on, an empty one goes."""

    group: Name


class GroupReply(Model):
    group: str


class ListGroups(PageRequest):
    """Ask for all groups, the asker's own first; with `member`, for those alone or the others."""

    member: bool | None = None


class GroupRow(Model):
    """`members` and `files` are counts; `member` tells whether the asker is one."""

    group: str
    owner: str
    members: Count
    files: Count
    mode: Mode
    member: bool


class ListGroupsReply(PageReply):
    groups: Annotated[list[GroupRow], ROWS]


class ListMembers(PageRequest):
    """Ask who is in a group, and online."""

    group: Name


class MemberRow(Model):
    user: str
    role: Role
    online: bool


class ListMembersReply(PageReply):
    group: str
    members: Annotated[list[MemberRow], ROWS]


class ListRequests(PageRequest):
    """Ask who wants to join a group; for its admins."""

    group: Name


class RequestRow(Model):
    """`requested_at` is ISO 8601, UTC."""

    user: str
    requested_at: str


class ListRequestsReply(PageReply):
    group: str
    requests: Annotated[list[RequestRow], ROWS]


class OnMember(Model):
    """A group and the user in it whom the operation is about."""

    group: Name
    user: Name


class AcceptRequest(OnMember):
    """Let in a user who asks to join."""


class RejectRequest(OnMember):
    """Turn away a user who asks to join."""


class RemoveMember(OnMember):
    """Put a member out of the group."""


class Promote(OnMember):
    """Make a member an admin."""


class Demote(OnMember):
    """Make an admin an ordinary member."""


class TransferGroup(OnMember):
    """Make a member the owner; the old owner stays an admin."""


class MemberReply(Model):
    group: str
    user: str


class GetGroup(Model):
    """Ask for what a member's client has to know of a group."""

    group: Name


class FindGroup(Model):
    """Ask for the group with this `source`, if the asker is a member of it."""

    source: Annotated[str, Field(max_length=255, pattern=NO_NUL)]


class GroupProfileReply(Model):
    """`source` goes into the info dictionary of what is shared in this group.

    It is unique to the group, so that equal content in two groups has two info-hashes. A sealed
    group's own certificate (PEM) is its `authority`, and goes there too, as `ssl-cert`; `removed`
    are the ids of those whose certificates are not to be accepted (see common.api.authority); with
    `more_removed`, list_removed has others. `role` is the asker's own.
    """

    group: str
    mode: Mode
    source: str
    authority: str | None = None
    removed: Annotated[list[str], ROWS] = Field(default_factory=list)
    more_removed: bool = False
    role: Role = "member"


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
REMOVE_MEMBER = Operation("remove_member", RemoveMember, MemberReply, _ON_MEMBER, scope="admin")
PROMOTE = Operation("promote", Promote, MemberReply, _ON_MEMBER, scope="admin")
DEMOTE = Operation(
    "demote", Demote, MemberReply, _ON_MEMBER | {ErrorCode.LAST_ADMIN}, scope="admin"
)
TRANSFER_GROUP = Operation("transfer_group", TransferGroup, MemberReply, _ON_MEMBER, scope="admin")
GET_GROUP = Operation("get_group", GetGroup, GroupProfileReply, _MEMBERS_ONLY, scope="read")
FIND_GROUP = Operation(
    "find_group", FindGroup, GroupProfileReply, frozenset({ErrorCode.NO_SUCH_GROUP}), scope="read"
)
