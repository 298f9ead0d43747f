"""Commands that show what has happened: a user's notices and a group's audit trail."""

from __future__ import annotations

from client.commands import listing
from client.commands.command import GROUP, Arguments, Command, Context, Kind, Option
from client.results.lists import EventsResult, NoticesResult
from common.errors import ErrorCode


def _notices(context: Context, arguments: Arguments) -> NoticesResult:
    return context.session.notices.list(
        listing.pattern(arguments), limit=listing.number(arguments, "limit")
    )


def _audit(context: Context, arguments: Arguments) -> EventsResult:
    return context.session.groups.events(
        arguments.optional("GROUP"),
        listing.pattern(arguments),
        before=listing.number(arguments, "before"),
        limit=listing.limit(arguments),
    )


COMMANDS = (
    Command(
        name="audit",
        topic="members",
        summary="show who did what, when and from where (admins)",
        run=_audit,
        settle=listing.settle_pattern,
        arguments=(GROUP, listing.PATTERN),
        options=(listing.LIMIT, listing.BEFORE),
        details="Shows activity in the group and on its members' accounts: logins, failed logins,"
        " password changes, ended sessions. Lists the newest events, the oldest of them first."
        " PATTERN matches who, what and subject.",
        example="audit lab",
        errors=(ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER, ErrorCode.NOT_ADMIN),
    ),
    Command(
        name="notices",
        topic="members",
        summary="show recent notices and those you missed",
        run=_notices,
        arguments=(listing.PATTERN,),
        options=(Option("limit", "show the newest N, 0 for all", value="N", kind=Kind.COUNT),),
        details="Shows requests to join your groups (if you are an admin), answers to your own"
        " requests, new files, completed downloads of files you share, members who left, and"
        " changes of your role; since you logged in, also this client's warnings and the ends of"
        " its transfers. Without --limit, shows all that you haven't seen yet, and at least the"
        " newest 50.",
        example="notices",
    ),
)
