"""Commands on trackers."""

from __future__ import annotations

from pydantic import BaseModel

from client.shell.command import Arguments, Command, Context


def _trackers(context: Context, _: Arguments) -> BaseModel:
    return context.session.trackers()


COMMANDS = (
    Command(
        name="trackers",
        topic="trackers",
        summary="show the trackers, and which one is in use",
        run=_trackers,
        example="trackers",
    ),
)
