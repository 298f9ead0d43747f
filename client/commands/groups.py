"""Commands for groups, their members and requests to join."""

from __future__ import annotations

from dataclasses import replace

from client.commands import listing
from client.commands.command import (
    ADMIN_ERRORS,
    GROUP,
    GROUP_ERRORS,
    YES,
    Argument,
    Arguments,
    Command,
    Context,
    Kind,
    Option,
)
from client.list_results import GroupsResult, MembersResult, RequestsResult
from client.results import AcceptedResult, GroupResult, RejectedResult
from common.api.groups import CreateGroupReply, JoinGroupReply, MemberReply
from common.errors import ErrorCode, MinitorrentError
from common.text import visible

_REQUIRED_GROUP = Argument("GROUP", Kind.GROUP)
_USER = Argument("USER", Kind.USER)
_REQUESTERS = Argument("USER", Kind.REQUESTER, optional=True, many=True)
_ALL = Option("all", "decide all requests at once")


def _create_group(context: Context, arguments: Arguments) -> CreateGroupReply:
    return context.session.groups.create(arguments.text("GROUP"), is_open="open" in arguments.flags)


def _join_group(context: Context, arguments: Arguments) -> JoinGroupReply:
    return context.session.groups.join(arguments.text("GROUP"))


def _leave_group(context: Context, arguments: Arguments) -> GroupResult:
    group = arguments.text("GROUP")

    def question() -> str:
        is_last = context.session.groups.members(group, limit=1).total == 1
        if is_last:
            return f"You are the last member of {visible(group)}. Leave and delete the group?"
        return f"Leave {visible(group)} and end your transfers in it?"

    context.require(question, arguments)
    return context.session.groups.leave(group)


def _use_group(context: Context, arguments: Arguments) -> GroupResult:
    return context.session.groups.use(arguments.text("GROUP"))


def _list_groups(context: Context, arguments: Arguments) -> GroupsResult:
    return context.session.groups.list(listing.pattern(arguments), limit=listing.limit(arguments))


def _list_members(context: Context, arguments: Arguments) -> MembersResult:
    return context.session.groups.members(
        arguments.optional("GROUP"), listing.pattern(arguments), limit=listing.limit(arguments)
    )


def _list_requests(context: Context, arguments: Arguments) -> RequestsResult:
    return context.session.groups.requests(
        arguments.optional("GROUP"), listing.pattern(arguments), limit=listing.limit(arguments)
    )


def _accept_request(context: Context, arguments: Arguments) -> MemberReply | AcceptedResult:
    group, users = context.group(arguments), _users(arguments)
    if len(users) == 1:
        return context.session.groups.accept_request(group, users[0])
    return context.session.groups.accept_requests(group, users)


def _reject_request(context: Context, arguments: Arguments) -> MemberReply | RejectedResult:
    group, users = context.group(arguments), _users(arguments)
    if len(users) == 1:
        return context.session.groups.reject_request(group, users[0])
    return context.session.groups.reject_requests(group, users)


def _users(arguments: Arguments) -> tuple[str, ...]:
    """Return the users whose requests are decided, none for all; raises MinitorrentError(usage)."""
    users = arguments.many("USER")
    if bool(users) == (_ALL.name in arguments.flags):
        problem = "Name users or give --all, not both." if users else "USER is missing."
        raise MinitorrentError(ErrorCode.USAGE, f"{problem} Usage: {arguments.usage}")
    return users


def _settle_users(_: Context, arguments: Arguments) -> Arguments:
    """Take a single word for the user, unless all are meant: then it is the group."""
    words = arguments.words
    if len(words) != 1 or _ALL.name in arguments.flags:
        return arguments
    return replace(arguments, values={}, lists={"USER": words})


def _remove_member(context: Context, arguments: Arguments) -> MemberReply:
    group, user = context.group(arguments), arguments.text("USER")
    context.require(f"Remove {visible(user)} from {visible(group)}?", arguments)
    return context.session.groups.remove_member(group, user)


def _promote(context: Context, arguments: Arguments) -> MemberReply:
    return context.session.groups.promote(context.group(arguments), arguments.text("USER"))


def _demote(context: Context, arguments: Arguments) -> MemberReply:
    return context.session.groups.demote(context.group(arguments), arguments.text("USER"))


def _transfer_group(context: Context, arguments: Arguments) -> MemberReply:
    group, user = context.group(arguments), arguments.text("USER")
    context.require(f"Make {visible(user)} the owner of {visible(group)}?", arguments)
    return context.session.groups.transfer(group, user)


_GROUPS = (
    Command(
        name="create_group",
        topic="groups",
        summary="create a group that you own",
        run=_create_group,
        arguments=(Argument("GROUP", Kind.NEW_NAME, help="the name of the new group"),),
        options=(Option("open", "let members use any BitTorrent client"),),
        details="You become its owner and first admin. Groups are sealed by default: members prove"
        " to each other by certificate who they are, and a removed member is cut off at once. In an"
        " open group, members can also use BitTorrent clients without certificates.",
        example="create_group lab",
        answer="Created {mode} group {group}; others ask to join with: join_group {group}",
        errors=(ErrorCode.GROUP_EXISTS,),
    ),
    Command(
        name="join_group",
        topic="groups",
        summary="ask to join a group",
        run=_join_group,
        arguments=(Argument("GROUP", Kind.ANY_GROUP),),
        details="An admin of the group accepts you with accept_request.",
        example="join_group lab",
        answer="Asked to join {group}; waiting for an admin to accept",
        errors=(ErrorCode.NO_SUCH_GROUP, ErrorCode.ALREADY_MEMBER, ErrorCode.ALREADY_REQUESTED),
    ),
    Command(
        name="leave_group",
        topic="groups",
        summary="leave a group; your transfers in it end",
        aliases=("leave",),
        run=_leave_group,
        arguments=(_REQUIRED_GROUP,),
        options=(YES,),
        details="If you are the owner, the longest-standing admin, or else member, becomes the"
        " owner. When the last member leaves, the group and its file list are deleted.",
        example="leave_group lab",
        answer="Left {group}",
        errors=GROUP_ERRORS,
    ),
    Command(
        name="use_group",
        topic="groups",
        summary="choose the default group",
        run=_use_group,
        arguments=(_REQUIRED_GROUP,),
        details="Commands with [GROUP] use it when you don't name a group. The prompt shows it.",
        example="use_group lab",
        answer="Using {group}",
        errors=GROUP_ERRORS,
    ),
    Command(
        name="list_groups",
        topic="groups",
        summary="list all groups",
        run=_list_groups,
        arguments=(listing.PATTERN,),
        options=(listing.LIMIT,),
        details="Lists the groups on the tracker, yours first, each with its owner, the number of"
        " its members and files, its mode (sealed or open) and your role.",
        example="list_groups",
    ),
)

_MEMBERS = (
    Command(
        name="list_members",
        topic="members",
        summary="list a group's members and who is online",
        run=_list_members,
        arguments=(GROUP, listing.PATTERN),
        options=(listing.LIMIT,),
        details="Lists owner, admins and members, the longest-standing first, and shows who is"
        " logged in right now.",
        example="list_members lab",
        errors=GROUP_ERRORS,
    ),
    Command(
        name="list_requests",
        topic="members",
        summary="list requests to join (admins)",
        run=_list_requests,
        arguments=(GROUP, listing.PATTERN),
        options=(listing.LIMIT,),
        details="Answer each with accept_request or reject_request. Admins are also notified of"
        " each request at once.",
        example="list_requests lab",
        errors=ADMIN_ERRORS,
    ),
    Command(
        name="accept_request",
        topic="members",
        summary="accept requests to join (admins)",
        run=_accept_request,
        arguments=(GROUP, _REQUESTERS),
        options=(_ALL,),
        settle=_settle_users,
        details="The users are notified at once and can then list and download the group's files."
        " If one of several users has not asked, none is accepted.",
        example="accept_request lab bob",
        answer="{user} is now a member of {group}",
        errors=(*ADMIN_ERRORS, ErrorCode.NO_SUCH_USER, ErrorCode.NO_SUCH_REQUEST),
    ),
    Command(
        name="reject_request",
        topic="members",
        summary="reject requests to join (admins)",
        run=_reject_request,
        arguments=(GROUP, _REQUESTERS),
        options=(_ALL,),
        settle=_settle_users,
        details="The users are notified and may ask again.",
        example="reject_request lab bob",
        answer="Rejected {user}'s request to join {group}",
        errors=(*ADMIN_ERRORS, ErrorCode.NO_SUCH_USER, ErrorCode.NO_SUCH_REQUEST),
    ),
    Command(
        name="remove_member",
        topic="members",
        summary="remove a member from a group (admins)",
        aliases=("kick",),
        run=_remove_member,
        arguments=(GROUP, _USER),
        options=(YES,),
        details="All other members' clients disconnect the removed member at once. Files that the"
        " member has already downloaded stay on the member's disk. The owner can't be removed.",
        example="remove_member lab bob",
        answer="{user} is no longer a member of {group}",
        errors=(*ADMIN_ERRORS, ErrorCode.NO_SUCH_USER, ErrorCode.PERMISSION_DENIED),
    ),
    Command(
        name="promote",
        topic="members",
        summary="make a member an admin (admins)",
        run=_promote,
        arguments=(GROUP, _USER),
        details="Admins accept requests to join, remove members, and make other members admins.",
        example="promote lab bob",
        answer="{user} is now an admin of {group}",
        errors=(*ADMIN_ERRORS, ErrorCode.NO_SUCH_USER),
    ),
    Command(
        name="demote",
        topic="members",
        summary="make an admin a plain member (admins)",
        run=_demote,
        arguments=(GROUP, _USER),
        details="A group always has at least one admin.",
        example="demote lab bob",
        answer="{user} is no longer an admin of {group}",
        errors=(
            *ADMIN_ERRORS,
            ErrorCode.NO_SUCH_USER,
            ErrorCode.PERMISSION_DENIED,
            ErrorCode.LAST_ADMIN,
        ),
    ),
    Command(
        name="transfer_group",
        topic="members",
        summary="make another member the owner (owner)",
        run=_transfer_group,
        arguments=(GROUP, _USER),
        options=(YES,),
        details="You remain an admin.",
        example="transfer_group lab bob",
        answer="{user} is now the owner of {group}",
        errors=(*ADMIN_ERRORS, ErrorCode.NO_SUCH_USER, ErrorCode.PERMISSION_DENIED),
    ),
)

COMMANDS = _GROUPS + _MEMBERS
