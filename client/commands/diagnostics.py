"""Commands for troubleshooting."""

from __future__ import annotations

from pathlib import Path

from client.commands.command import GROUP, Argument, Arguments, Command, Context, Kind
from client.results.files import RelocateResult
from client.results.health import ChecksResult
from client.results.transfers import WhyResult
from common.errors import ErrorCode


def _why(context: Context, arguments: Arguments) -> WhyResult:
    return context.session.diagnostics.why(context.group(arguments), arguments.text("NAME"))


def _relocate(context: Context, arguments: Arguments) -> RelocateResult:
    return context.session.diagnostics.relocate(
        context.group(arguments),
        arguments.text("NAME"),
        Path(arguments.text("PATH")),
        context.progress,
    )


def _doctor(context: Context, _: Arguments) -> ChecksResult:
    return context.session.doctor.examine()


COMMANDS = (
    Command(
        name="why",
        topic="diagnostics",
        summary="explain why a transfer isn't moving, and what to do",
        run=_why,
        arguments=(GROUP, Argument("NAME", Kind.TRANSFER)),
        details="Shows the most important reason and the next step.",
        example="why lab film.mkv",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="relocate",
        topic="diagnostics",
        summary="update a share after you moved its file",
        run=_relocate,
        arguments=(
            GROUP,
            Argument("NAME", Kind.SHARE),
            Argument("PATH", Kind.PATH, help="where it is now, or a folder to search for it"),
        ),
        details="Finds the file by its content, whatever its name, and shares it from there.",
        example="relocate lab film.mkv ~/Films",
        answer="{name} ({group}) is now shared from {path}",
        errors=(
            ErrorCode.NO_SUCH_FILE,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_CHANGED,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="doctor",
        topic="diagnostics",
        summary="check port, trackers, clock, certificates, disk and more",
        run=_doctor,
        details="Each check reports what it found and, if something is wrong, what to do next."
        " doctor needs neither a login nor a tracker, changes nothing, and takes at most 15"
        " seconds.",
        example="doctor",
    ),
)
