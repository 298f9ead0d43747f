"""Commands for when something doesn't go as it should."""

from __future__ import annotations

from pathlib import Path

from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.engine.results import RelocateResult, WhyResult
from common.errors import ErrorCode

_GROUP = Argument("GROUP", Kind.GROUP, optional=True)


def _why(context: Context, arguments: Arguments) -> WhyResult:
    return context.session.diagnostics.why(context.group(arguments), arguments.text("NAME"))


def _relocate(context: Context, arguments: Arguments) -> RelocateResult:
    return context.session.diagnostics.relocate(
        context.group(arguments),
        arguments.text("NAME"),
        Path(arguments.text("PATH")),
        context.progress,
    )


COMMANDS = (
    Command(
        name="why",
        topic="trouble",
        summary="say why a transfer doesn't move, and what to do",
        run=_why,
        arguments=(_GROUP, Argument("NAME", Kind.TRANSFER)),
        details="One reason, the one that counts most, and the next step.",
        example="why lab film.mkv",
        errors=(ErrorCode.NO_SUCH_FILE,),
    ),
    Command(
        name="relocate",
        topic="trouble",
        summary="say where a shared file is that was moved",
        run=_relocate,
        arguments=(
            _GROUP,
            Argument("NAME", Kind.SHARE),
            Argument("PATH", Kind.PATH, help="where it is now, or a folder to search for it"),
        ),
        details="It is found by its content, whatever it is called now, and shared on from there.",
        example="relocate lab film.mkv ~/Films",
        answer="{name} ({group}) is shared from {path} now",
        errors=(
            ErrorCode.NO_SUCH_FILE,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_CHANGED,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
)
