"""The command for trackers."""

from __future__ import annotations

from client.commands.command import Arguments, Command, Context, Option
from client.results import TrackersResult


def _trackers(context: Context, arguments: Arguments) -> TrackersResult:
    return context.session.trackers(arguments.optional("forget"))


COMMANDS = (
    Command(
        name="trackers",
        topic="trackers",
        summary="list the trackers and show which one is in use",
        run=_trackers,
        options=(Option("forget", "trust the next certificate it presents", value="ADDRESS"),),
        details="The client trusts the certificate that a tracker presented at the first connection"
        " and refuses the tracker if it presents another. If you know that the certificate was"
        " replaced, forget the old one with --forget.",
        example="trackers",
    ),
)
