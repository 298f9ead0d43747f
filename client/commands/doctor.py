"""The command that looks whether everything is in order."""

from __future__ import annotations

from client.commands.command import Arguments, Command, Context
from client.engine.results import ChecksResult


def _doctor(context: Context, _: Arguments) -> ChecksResult:
    return context.session.doctor.examine()


COMMANDS = (
    Command(
        name="doctor",
        topic="trouble",
        summary="check port, trackers, clock, certificates, disk and more",
        run=_doctor,
        details="Each check says what it found, and where something is wrong what to do next. It"
        " needs no login and no tracker, changes nothing, and takes at most a quarter of a"
        " minute.",
        example="doctor",
    ),
)
