"""Commands for invitations to groups."""

from __future__ import annotations

from client.commands import listing
from client.commands.command import (
    ADMIN_ERRORS,
    GROUP,
    Argument,
    Arguments,
    Command,
    Context,
    Kind,
    Option,
)
from client.commands.members import given_role
from client.results.groups import InviteResult, JoinResult, RevokeInviteResult
from client.results.lists import InvitesResult
from common.api.groups import GivenRole
from common.errors import ErrorCode, MinitorrentError


def _invite(context: Context, arguments: Arguments) -> InviteResult:
    return context.session.invitations.create(
        context.group(arguments),
        uses=listing.number(arguments, "uses"),
        days=listing.number(arguments, "days"),
        role=_role(arguments),
    )


def _role(arguments: Arguments) -> GivenRole:
    """Return the role of those who enter; raises MinitorrentError(usage)."""
    typed = arguments.optional("role")
    is_admin = "admin" in arguments.flags
    if is_admin and typed is not None:
        raise MinitorrentError(ErrorCode.USAGE, "Give --admin or --role ROLE, not both.")
    return "admin" if is_admin else given_role(typed or "member")


def _invites(context: Context, arguments: Arguments) -> InvitesResult:
    return context.session.invitations.list(
        arguments.optional("GROUP"), listing.pattern(arguments), limit=listing.limit(arguments)
    )


def _revoke_invite(context: Context, arguments: Arguments) -> RevokeInviteResult:
    number = listing.row_id(arguments, "an invitation", "invites")
    return context.session.invitations.revoke(context.group(arguments), number)


def _join(context: Context, arguments: Arguments) -> JoinResult:
    return context.session.invitations.accept(arguments.text("INVITATION"))


COMMANDS = (
    Command(
        name="invite",
        topic="invitations",
        summary="create an invitation that lets others into a group",
        run=_invite,
        arguments=(GROUP,),
        options=(
            Option("uses", "let in N users (default: 1)", value="N", kind=Kind.COUNT),
            Option("days", "end after D days (default: 7)", value="D", kind=Kind.COUNT),
            Option("admin", "make them admins of the group"),
            Option("role", "give them this role (default: member)", value="ROLE", kind=Kind.ROLE),
        ),
        details="Send the text to the users that you want in the group; they type: join INVITATION."
        " Anyone who has it can enter, so treat it like a password. It ends when it has been used"
        " up, when it expires, with revoke_invite, or when you are no longer an admin. A removed"
        " member can't return by an earlier invitation.",
        example="invite lab --uses 10",
        errors=ADMIN_ERRORS,
    ),
    Command(
        name="invites",
        topic="invitations",
        summary="list a group's valid invitations",
        run=_invites,
        settle=listing.settle_pattern,
        arguments=(GROUP, listing.PATTERN),
        options=(listing.LIMIT,),
        details="Shows each invitation's ID, who created it, and how many users it still lets in."
        " The texts themselves are not kept. PATTERN matches the names of their creators.",
        example="invites lab",
        errors=ADMIN_ERRORS,
    ),
    Command(
        name="revoke_invite",
        topic="invitations",
        summary="end an invitation",
        run=_revoke_invite,
        arguments=(GROUP, Argument("ID", Kind.NUMBER, help="its ID, as listed by invites")),
        details="Users who entered by it stay members.",
        example="revoke_invite lab 3",
        answer="Revoked invitation {id} to {group}",
        errors=(*ADMIN_ERRORS, ErrorCode.INVITE_INVALID),
    ),
    Command(
        name="join",
        topic="invitations",
        summary="enter a group by an invitation",
        run=_join,
        arguments=(Argument("INVITATION", Kind.INVITATION, prompt="Invitation"),),
        details="You are a member at once. Blanks and brackets around the invitation don't matter."
        " It is sent only to a tracker that it names. With a group's name instead, it is short for"
        " join_group.",
        example="join mt1ZDE6YzE2...",
        answer="You are a member of {group}; see its files with: list_files {group}",
        errors=(
            ErrorCode.INVITE_INVALID,
            ErrorCode.ALREADY_MEMBER,
            ErrorCode.TOO_MANY_ATTEMPTS,
        ),
    ),
)
