"""Commands for a group's members and the requests to join it."""

from __future__ import annotations

from dataclasses import replace
from typing import cast, get_args

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
from client.results.groups import AcceptedResult, RejectedResult
from client.results.lists import MembersResult, RequestsResult
from common.api.groups import GivenRole, MemberReply, RoleReply
from common.errors import ErrorCode, MinitorrentError
from common.text import visible

_USER = Argument("USER", Kind.USER)
_REQUESTERS = Argument("USER", Kind.REQUESTER, optional=True, many=True)
_ALL = Option("all", "decide all requests at once")


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


def _set_role(context: Context, arguments: Arguments) -> RoleReply:
    role = given_role(arguments.text("ROLE"))
    return context.session.groups.set_role(context.group(arguments), arguments.text("USER"), role)


def given_role(typed: str) -> GivenRole:
    """Return a role that admins give; raises MinitorrentError(usage)."""
    if typed == "owner":
        raise MinitorrentError(
            ErrorCode.USAGE, "To give a group another owner, type: transfer_group GROUP USER"
        )
    return cast(GivenRole, listing.choice(typed, get_args(GivenRole), "ROLE"))


def _transfer_group(context: Context, arguments: Arguments) -> MemberReply:
    group, user = context.group(arguments), arguments.text("USER")
    context.require(f"Make {visible(user)} the owner of {visible(group)}?", arguments)
    return context.session.groups.transfer(group, user)


COMMANDS = (
    Command(
        name="list_members",
        topic="members",
        summary="list a group's members and who is online",
        run=_list_members,
        settle=listing.settle_pattern,
        arguments=(GROUP, listing.PATTERN),
        options=(listing.LIMIT,),
        details="Lists them with their roles, the longest-standing first, and shows who is logged"
        " in right now.",
        example="list_members lab",
        errors=GROUP_ERRORS,
    ),
    Command(
        name="list_requests",
        topic="members",
        summary="list requests to join (admins)",
        run=_list_requests,
        settle=listing.settle_pattern,
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
        summary="make an admin or uploader a plain member (admins)",
        run=_demote,
        arguments=(GROUP, _USER),
        details="A group always has at least one admin. To make a reader, use set_role.",
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
        name="set_role",
        topic="members",
        summary="give a member another role (admins)",
        run=_set_role,
        arguments=(GROUP, _USER, Argument("ROLE", Kind.ROLE)),
        details="A reader downloads, and seeds what it has. A member also adds files, unless"
        " set_upload reserves that for uploaders. An admin manages members, too. What the"
        " member shares already stays shared. Only the owner can change an admin's role.",
        example="set_role lab bob reader",
        answer="{user} now has the role {role} in {group}",
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
