"""The command that shows what was done in a group."""

from __future__ import annotations

from client.commands.command import Argument, Arguments, Command, Context, Kind
from common.api.audit import ListEventsReply
from common.errors import ErrorCode


def _audit(context: Context, arguments: Arguments) -> ListEventsReply:
    return context.session.groups.audit(arguments.optional("GROUP"))


COMMANDS = (
    Command(
        name="audit",
        topic="members",
        summary="show who did what, when and from where (admins)",
        run=_audit,
        arguments=(Argument("GROUP", Kind.GROUP, optional=True),),
        details="The newest thousand acts in the group, and with the accounts of its members:"
        " logins, failed logins, changed passwords, ended sessions.",
        example="audit lab",
        errors=(ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER, ErrorCode.NOT_ADMIN),
    ),
)
