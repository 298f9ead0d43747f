"""Commands on trackers."""

from __future__ import annotations

from client.commands.command import Arguments, Command, Context, Option
from client.engine.results import TrackersResult


def _trackers(context: Context, arguments: Arguments) -> TrackersResult:
    return context.session.trackers(arguments.optional("forget"))


COMMANDS = (
    Command(
        name="trackers",
        topic="trackers",
        summary="show the trackers, and which one is in use",
        run=_trackers,
        options=(Option("forget", "trust the certificate that it shows next", value="ADDRESS"),),
        details="A tracker is trusted by the certificate that it showed when it was first met; one"
        " that shows another is refused. When you know that it was replaced, forget the old one.",
        example="trackers",
    ),
)
