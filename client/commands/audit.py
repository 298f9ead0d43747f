"""The command that shows a group's audit trail."""

from __future__ import annotations

from client.commands import listing
from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.services.lists import EventsResult
from common.errors import ErrorCode


def _audit(context: Context, arguments: Arguments) -> EventsResult:
    return context.session.lists.events(
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
        arguments=(Argument("GROUP", Kind.GROUP, optional=True), listing.PATTERN),
        options=(listing.LIMIT, listing.BEFORE),
        details="Shows activity in the group and on its members' accounts: logins, failed logins,"
        " password changes, ended sessions. Lists the newest events, the oldest of them first."
        " PATTERN matches who, what and subject.",
        example="audit lab",
        errors=(ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER, ErrorCode.NOT_ADMIN),
    ),
)
