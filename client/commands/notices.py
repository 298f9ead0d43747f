"""The command that shows the user's notices."""

from __future__ import annotations

from client.commands import listing
from client.commands.command import Arguments, Command, Context, Kind, Option
from client.services.lists import NoticesResult


def _notices(context: Context, arguments: Arguments) -> NoticesResult:
    return context.session.lists.notices(
        listing.pattern(arguments), limit=listing.number(arguments, "limit")
    )


COMMANDS = (
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
