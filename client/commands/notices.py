"""The command that shows what concerned the user lately."""

from __future__ import annotations

from client.commands.command import Arguments, Command, Context
from client.engine.status import NoticesResult


def _notices(context: Context, _: Arguments) -> NoticesResult:
    return context.session.groups.notices()


COMMANDS = (
    Command(
        name="notices",
        topic="members",
        summary="show what happened lately, and while you were away",
        run=_notices,
        details="Requests to join the groups that you administer, what became of your own, new"
        " files, finished downloads of what you share, who left, and changes of your role.",
        example="notices",
    ),
)
