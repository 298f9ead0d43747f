"""The command that shows what was done in a group."""

from __future__ import annotations

from client.commands import listing
from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.engine.lists import EventsResult
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
        details="What was done in the group, and with the accounts of its members: logins, failed"
        " logins, changed passwords, ended sessions. The newest acts are shown, the oldest of them"
        " first. A pattern is for who, what and subject.",
        example="audit lab",
        errors=(ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER, ErrorCode.NOT_ADMIN),
    ),
)
