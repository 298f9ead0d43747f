"""The command that shows what concerned the user lately."""

from __future__ import annotations

from client.commands import listing
from client.commands.command import Arguments, Command, Context, Kind, Option
from client.engine.lists import NoticesResult


def _notices(context: Context, arguments: Arguments) -> NoticesResult:
    return context.session.lists.notices(
        listing.pattern(arguments), limit=listing.number(arguments, "limit")
    )


COMMANDS = (
    Command(
        name="notices",
        topic="members",
        summary="show what happened lately, and while you were away",
        run=_notices,
        arguments=(listing.PATTERN,),
        options=(
            Option("limit", "show the newest so many, 0 for all", value="N", kind=Kind.COUNT),
        ),
        details="Requests to join the groups that you administer, what became of your own, new"
        " files, finished downloads of what you share, who left, and changes of your role; and, of"
        " this client since you logged in, its warnings and how your transfers ended. Without"
        " a limit, what you were not told of yet, and the newest fifty at least.",
        example="notices",
    ),
)
