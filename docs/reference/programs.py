"""The two programs as their documents describe them: their parsers, subcommands and commands."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import client.command_line
import tracker.command_line
from client.commands.command import Command
from client.commands.registry import COMMANDS
from tracker.operator.registry import SUBCOMMANDS


@dataclass(frozen=True)
class Program:
    """One of the two programs.

    `commands` are those of its prompt, `subcommands` the parsers of what follows their words.
    """

    name: str
    parser: argparse.ArgumentParser
    commands: Mapping[str, Command]
    subcommands: Mapping[str, argparse.ArgumentParser]

    def __post_init__(self) -> None:
        self.parser.prog = self.name

    @property
    def options(self) -> list[argparse.Action]:
        """What begins with a dash."""
        return options_of(self.parser)

    @property
    def positionals(self) -> list[argparse.Action]:
        """What is known by its place."""
        return positionals_of(self.parser)


def programs() -> list[Program]:
    """Return both programs."""
    return [
        Program(
            "minitorrent",
            client.command_line.argument_parser(),
            COMMANDS,
            {word: client.command_line.action_parser(word) for word in client.command_line.ACTIONS},
        ),
        Program(
            "minitorrent-tracker",
            tracker.command_line.argument_parser(),
            {},
            {words: command.parser() for words, command in SUBCOMMANDS.items()},
        ),
    ]


def options_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments that begin with a dash."""
    return [action for action in parser._actions if action.option_strings]


def positionals_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments that are known by their place."""
    return [action for action in parser._actions if not action.option_strings]


def option_names(parser: argparse.ArgumentParser) -> str:
    """Return the names of all options, separated by spaces."""
    return " ".join(name for action in options_of(parser) for name in action.option_strings)


def written(action: argparse.Action) -> str:
    """Return an option with its value, or the name of a positional argument."""
    if not action.option_strings:
        return str(action.metavar)
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {value_name(action)}"


def value_name(action: argparse.Action) -> str:
    """Return what stands for an argument's value, such as DIR or text|json."""
    return str(action.metavar or "|".join(map(str, action.choices or ())))


def help_text(action: argparse.Action) -> str:
    """Return an argument's help, as --help shows it."""
    return (action.help or "").replace("%%", "%")
