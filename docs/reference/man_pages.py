"""Man pages, written in roff."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby

from client.commands.command import COMMON_ERRORS, Command
from common import __version__
from common.errors import MEANINGS
from docs.reference.programs import (
    Program,
    help_text,
    option_names,
    options_of,
    positionals_of,
    written,
)

_STATUS = {
    "minitorrent": {
        "0": "every command succeeded",
        "1": "a command failed, or the client could not start",
        "2": "usage error",
        "3": "no tracker could be reached",
    },
    "minitorrent-tracker": {
        "0": "the tracker was stopped, or the subcommand did what it should",
        "1": "a port is in use, the database can't be opened, or the subcommand failed",
        "2": "usage error",
    },
}

_ENVIRONMENT = {
    "minitorrent": {
        "PAGER": "the program that shows answers longer than the screen at the prompt; empty, they"
        " are printed (default: less, if it is installed)",
        "NO_COLOR": "if set, no colours are used",
    },
    "minitorrent-tracker": {
        "MINITORRENT_TRACKER_OPTION": "the value of an option that the command line lacks, such"
        " as MINITORRENT_TRACKER_DATA_DIR for --data-dir; it goes before the one in the file of"
        " --config, where the option is called data-dir",
        "MINITORRENT_AUTHORITY_KEY": "the key of the sealed groups, instead of the file"
        " authority.key in the data folder",
    },
}
"""The variables that each program reads, and what for."""


def man_page(program: Program) -> str:
    """Return the program's man page."""
    lines = [
        f'.TH {program.name.upper()} 1 "" "Minitorrent {__version__}" "User Commands"',
        ".SH NAME",
        f"{program.name} \\- {_roff((program.parser.description or '')[:1].lower())}"
        f"{_roff((program.parser.description or '')[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {_roff(program.name)}",
        _roff(_synopsis(program.parser)),
    ]
    for word, parser in program.subcommands.items():
        lines += [".br", f".B {_roff(program.name)} {word}", _roff(_synopsis(parser))]
    lines += [".SH OPTIONS", *_meanings(program.parser)]
    for word, parser in program.subcommands.items():
        lines += [f".SS {_roff(f'{program.name} {word}')}", _roff(parser.description or "")]
        lines += _meanings(parser, option_names(program.parser))
    if program.commands:
        lines += _commands(program.commands)
        lines += [".SH ERRORS", "With \\-\\-json, a command that fails returns one of these codes."]
        for code, meaning in MEANINGS.items():
            lines += [".TP", f".B {_roff(code)}", _roff(meaning)]
    lines.append(".SH EXIT STATUS")
    for status, meaning in _STATUS[program.name].items():
        lines += [".TP", f".B {status}", _roff(meaning)]
    lines.append(".SH ENVIRONMENT")
    for name, meaning in _ENVIRONMENT[program.name].items():
        lines += [".TP", f".B {name}", _roff(meaning)]
    other = next(p for p in _STATUS if p != program.name)
    lines += [".SH EXAMPLES", *_examples(program), ".SH SEE ALSO", f".BR {_roff(other)} (1)"]
    return "\n".join([*lines, ""])


def _commands(commands: Mapping[str, Command]) -> list[str]:
    common = ", ".join(COMMON_ERRORS)
    lines = [
        ".SH COMMANDS",
        _roff(
            "Type commands at the prompt, pass them on standard input, one per line, or give them"
            " with -c. If a client is already running on the data folder, it carries out the"
            " commands from standard input or -c, and keeps running when this program ends."
            f" Words in brackets are optional. Any command may fail with {common}."
        ),
    ]
    for topic, row in groupby(commands.values(), lambda command: command.topic):
        lines.append(f".SS {_roff(topic.capitalize())}")
        for command in row:
            summary = f"{command.summary[:1].upper()}{command.summary[1:]}."
            lines += [".TP", f".B {_roff(command.usage)}", _roff(f"{summary} {command.details}")]
            for word, meaning in _words(command):
                lines += [".br", f".I {_roff(word)}", _roff(meaning)]
            if command.aliases:
                lines += [".br", _roff(f"Short form: {', '.join(command.aliases)}")]
            lines += [".br", _roff(f"Example: {command.example}")]
            if command.errors:
                lines += [".br", _roff(f"Errors: {', '.join(command.errors)}")]
    return lines


def _words(command: Command) -> Iterator[tuple[str, str]]:
    for argument in command.arguments:
        yield argument.name, argument.meaning
    for option in command.options:
        yield option.usage[1:-1], option.summary


def _examples(program: Program) -> list[str]:
    text = (program.parser.epilog or "") % {"prog": program.name}
    examples, _, rest = text.partition("\n")[2].rstrip().partition("\n\n")
    blocks = textwrap.dedent(examples).splitlines()
    return [".nf", *map(_roff, blocks), ".fi", *([".PP", _roff(rest)] if rest else [])]


def _synopsis(parser: argparse.ArgumentParser) -> str:
    options = [f"[{written(action)}]" for action in options_of(parser)]
    words = [
        f"[{action.metavar}]"
        if action.nargs == "?"
        else f"{action.metavar}{'...' if action.nargs == '+' else ''}"
        for action in positionals_of(parser)
    ]
    return " ".join([*options, *words])


def _meanings(parser: argparse.ArgumentParser, known: str = "") -> Iterator[str]:
    """Describe the arguments and options, but for those that are `known` already."""
    options = [one for one in options_of(parser) if one.option_strings[0] not in known.split()]
    for action in [*positionals_of(parser), *options]:
        yield from (".TP", f".B {_roff(written(action))}", _roff(help_text(action)))


def _roff(text: str) -> str:
    """Escape text for roff."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
