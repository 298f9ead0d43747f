"""Help, and the way out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.commands.parsing import find


class HelpRow(BaseModel):
    """A command in a list."""

    model_config = ConfigDict(frozen=True)

    command: str
    topic: str
    usage: str
    summary: str


class HelpResult(BaseModel):
    """All commands."""

    model_config = ConfigDict(frozen=True)

    commands: list[HelpRow]


class CommandHelpResult(HelpRow):
    """One command, at length. `options` are lines of usage and meaning."""

    options: list[str]
    details: str
    example: str


class EndResult(BaseModel):
    """The answer to quit: nothing more to say."""

    model_config = ConfigDict(frozen=True)


def _help(context: Context, arguments: Arguments) -> BaseModel:
    name = arguments.optional("COMMAND")
    if name is None:
        return HelpResult(commands=[_row(command) for command in context.commands.values()])
    command = find(name, context.commands)
    return CommandHelpResult(
        **_row(command).model_dump(),
        options=[f"{option.usage}  {option.summary}" for option in command.options],
        details=command.details,
        example=command.example,
    )


def _row(command: Command) -> HelpRow:
    return HelpRow(
        command=command.name, topic=command.topic, usage=command.usage, summary=command.summary
    )


def _end(_context: Context, _arguments: Arguments) -> BaseModel:
    return EndResult()


COMMANDS = (
    Command(
        name="help",
        topic="general",
        summary="list the commands, or explain one",
        run=_help,
        arguments=(Argument("COMMAND", Kind.COMMAND, optional=True),),
        example="help download_file",
    ),
    Command(
        name="quit",
        topic="general",
        summary="end; downloads go on at the next start",
        run=_end,
        example="quit",
        ends_program=True,
    ),
    Command(
        name="exit",
        topic="general",
        summary="the same as quit",
        run=_end,
        example="exit",
        ends_program=True,
    ),
)
