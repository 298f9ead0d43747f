"""Help, and the way out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from client.commands.command import Argument, Arguments, Command, Context, Kind
from client.commands.parsing import find
from common.errors import MEANINGS


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


class Explained(BaseModel):
    """A word, and what it means."""

    model_config = ConfigDict(frozen=True)

    word: str
    meaning: str


class CommandHelpResult(HelpRow):
    """One command, at length; `errors` are those that not every command may answer with."""

    details: str
    arguments: list[Explained]
    options: list[Explained]
    errors: list[Explained]
    example: str


class EndResult(BaseModel):
    """The answer to quit: nothing more to say."""

    model_config = ConfigDict(frozen=True)


def _help(context: Context, arguments: Arguments) -> HelpResult | CommandHelpResult:
    name = arguments.optional("COMMAND")
    if name is None:
        return HelpResult(commands=[_row(command) for command in context.commands.values()])
    command = find(name, context.commands)
    return CommandHelpResult(
        **_row(command).model_dump(),
        details=command.details,
        arguments=[_explained(argument.name, argument.meaning) for argument in command.arguments],
        options=[_explained(option.usage[1:-1], option.summary) for option in command.options],
        errors=[_explained(code, MEANINGS[code]) for code in command.errors],
        example=command.example,
    )


def _explained(word: str, meaning: str) -> Explained:
    return Explained(word=word, meaning=meaning)


def _row(command: Command) -> HelpRow:
    return HelpRow(
        command=command.name, topic=command.topic, usage=command.usage, summary=command.summary
    )


def _end(_context: Context, _arguments: Arguments) -> EndResult:
    return EndResult()


COMMANDS = (
    Command(
        name="help",
        topic="general",
        summary="list the commands, or explain one",
        run=_help,
        arguments=(Argument("COMMAND", Kind.COMMAND, optional=True),),
        details="With the name of a command: its arguments, what it does, how it can fail, and an"
        " example.",
        example="help download_file",
    ),
    Command(
        name="quit",
        topic="general",
        summary="end; downloads go on at the next start",
        run=_end,
        details="Everything is kept: log in again and shares are offered and downloads go on as"
        " before.",
        example="quit",
        ends_program=True,
    ),
    Command(
        name="exit",
        topic="general",
        summary="the same as quit",
        run=_end,
        details="Everything is kept: log in again and shares are offered and downloads go on as"
        " before.",
        example="exit",
        ends_program=True,
    ),
)
