"""The command that checks this client's setup."""

from __future__ import annotations

from client.commands.command import Arguments, Command, Context
from client.results import ChecksResult


def _doctor(context: Context, _: Arguments) -> ChecksResult:
    return context.session.doctor.examine()


COMMANDS = (
    Command(
        name="doctor",
        topic="trouble",
        summary="check port, trackers, clock, certificates, disk and more",
        run=_doctor,
        details="Each check reports what it found and, if something is wrong, what to do next."
        " doctor needs neither a login nor a tracker, changes nothing, and takes at most 15"
        " seconds.",
        example="doctor",
    ),
)
