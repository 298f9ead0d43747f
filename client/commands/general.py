"""The commands trackers, help, quit and exit."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from client.commands.command import Argument, Arguments, Command, Context, Kind, Option
from client.commands.language.parsing import find
from client.results.health import TrackersResult
from common.errors import MEANINGS


class HelpRow(BaseModel):
    """A command in a list."""

    model_config = ConfigDict(frozen=True)

    command: str
    topic: str
    usage: str
    summary: str
    aliases: list[str]


class HelpResult(BaseModel):
    """All commands."""

    model_config = ConfigDict(frozen=True)

    commands: list[HelpRow]


class Explained(BaseModel):
    """A word and its meaning."""

    model_config = ConfigDict(frozen=True)

    word: str
    meaning: str


class CommandHelpResult(HelpRow):
    """One command in full; `errors` excludes those that any command may return."""

    details: str
    arguments: list[Explained]
    options: list[Explained]
    errors: list[Explained]
    example: str


class EndResult(BaseModel):
    """The empty answer to quit and exit."""

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
        command=command.name,
        topic=command.topic,
        usage=command.usage,
        summary=command.summary,
        aliases=list(command.aliases),
    )


def _end(_context: Context, _arguments: Arguments) -> EndResult:
    return EndResult()


def _trackers(context: Context, arguments: Arguments) -> TrackersResult:
    trackers, address = context.session.trackers, arguments.optional("forget")
    if address is not None:
        trackers.forget(address)
    return trackers.list()


_END_DETAILS = (
    "State is kept: log in again and your shares and downloads resume. Your session ends, unless"
    " you logged in with --remember. If a script's commands are carried out by a client that is"
    " already running, quit ends the script only; -c quit, without other commands, ends that"
    " client."
)

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
    Command(
        name="help",
        topic="general",
        summary="list all commands, or explain one",
        aliases=("?",),
        run=_help,
        arguments=(Argument("COMMAND", Kind.COMMAND, optional=True),),
        details="For one command, shows its arguments, what it does, which errors it can return,"
        " and an example; so does COMMAND --help.",
        example="help download_file",
    ),
    Command(
        name="quit",
        topic="general",
        summary="quit; downloads resume at the next start",
        run=_end,
        details=_END_DETAILS,
        example="quit",
        ends_program=True,
    ),
    Command(
        name="exit",
        topic="general",
        summary="the same as quit",
        run=_end,
        details=_END_DETAILS,
        example="exit",
        ends_program=True,
    ),
)
