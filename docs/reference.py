"""Generates the man pages and shell completions: run it with `make docs`.

All text comes from the two argument parsers and the client's registry of commands.
`tests/contract/test_reference.py` fails if the files in `docs/man` and `docs/completions` are not
up to date.
"""

from __future__ import annotations

import argparse
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import client.command_line
import tracker.command_line
from client.commands.command import COMMON_ERRORS, Command
from client.commands.registry import COMMANDS
from common import __version__
from common.errors import MEANINGS
from tracker.operator.registry import SUBCOMMANDS

DOCS = Path(__file__).parent
_FOLDERS = {"DIR"}
_FILES = {"FILE", "TRACKER_INFO"}

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
        return _options(self.parser)

    @property
    def positionals(self) -> list[argparse.Action]:
        return _positionals(self.parser)


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def _positionals(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if not action.option_strings]


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


def documents() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its content."""
    for program in programs():
        yield DOCS / "man" / f"{program.name}.1", _manual(program)
        yield DOCS / "completions" / f"{program.name}.bash", _bash(program)
        yield DOCS / "completions" / f"_{program.name}", _zsh(program)
        yield DOCS / "completions" / f"{program.name}.fish", _fish(program)


def main() -> None:
    """Write all files."""
    for path, text in documents():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


# --- man pages ------------------------------------------------------------------------------
def _manual(program: Program) -> str:
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
        lines += _meanings(parser, _option_names(program.parser))
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
            " with -c. If a client is running on the data folder already, that one carries out what"
            " comes from standard input or -c, and goes on when this program ends."
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
    options = [f"[{_written(action)}]" for action in _options(parser)]
    words = [
        f"[{action.metavar}]"
        if action.nargs == "?"
        else f"{action.metavar}{'...' if action.nargs == '+' else ''}"
        for action in _positionals(parser)
    ]
    return " ".join([*options, *words])


def _meanings(parser: argparse.ArgumentParser, known: str = "") -> Iterator[str]:
    """Describe the arguments and options, but for those that are `known` already."""
    options = [one for one in _options(parser) if one.option_strings[0] not in known.split()]
    for action in [*_positionals(parser), *options]:
        yield from (".TP", f".B {_roff(_written(action))}", _roff(_help(action)))


def _written(action: argparse.Action) -> str:
    """Return an option with its value, or the name of a positional argument."""
    if not action.option_strings:
        return str(action.metavar)
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {_value_name(action)}"


def _value_name(action: argparse.Action) -> str:
    return str(action.metavar or "|".join(map(str, action.choices or ())))


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def _roff(text: str) -> str:
    """Escape text for roff."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


# --- completions ----------------------------------------------------------------------------
def _bash(program: Program) -> str:
    function = f"_{program.name.replace('-', '_')}"
    cases = []
    for action in program.options:
        if action.nargs != 0:
            names = "|".join(action.option_strings)
            cases.append(f"        {names}) {_bash_value(program, action)}; return ;;")
    return "\n".join(
        [
            f"# bash completion for {program.name}; written by docs/reference.py",
            f"{function}() {{",
            "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}",
            "    COMPREPLY=()",
            "    case $before in",
            *cases,
            "    esac",
            "    if [[ $current == -* ]]; then",
            f'        local options="{_option_names(program.parser)}"',
            *_bash_suboptions(program),
            '        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")',
            "    else",
            '        mapfile -t COMPREPLY < <(compgen -f -- "$current")',
            *_bash_subcommands(program),
            "    fi",
            "}",
            f"complete -o filenames -F {function} {program.name}",
            "",
        ]
    )


def _option_names(parser: argparse.ArgumentParser) -> str:
    return " ".join(name for action in _options(parser) for name in action.option_strings)


def _bash_suboptions(program: Program) -> Iterator[str]:
    for word, parser in program.subcommands.items():
        typed = f"${{COMP_WORDS[*]:1:{len(word.split())}}}"
        yield f'        [[ "{typed}" == "{word}" ]] && options="{_option_names(parser)}"'


def _bash_subcommands(program: Program) -> Iterator[str]:
    for noun, verbs in _nouns(program).items():
        if verbs:
            offer = f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(verbs)}" -- "$current")'
            yield f"        if [[ $COMP_CWORD == 2 && $before == {noun} ]]; then {offer}; fi"
    if program.subcommands:
        more = f'COMPREPLY+=($(compgen -W "{" ".join(_nouns(program))}" -- "$current"))'
        yield f"        if [[ $COMP_CWORD == 1 ]]; then {more}; fi"


def _nouns(program: Program) -> dict[str, list[str]]:
    """Return the first words of the subcommands, each with those that can follow it."""
    nouns: dict[str, list[str]] = {}
    for words in program.subcommands:
        noun, _, verb = words.partition(" ")
        nouns.setdefault(noun, []).extend([verb] if verb else [])
    return nouns


def _bash_value(program: Program, action: argparse.Action) -> str:
    words = _values(program, action)
    if words:
        what = f'-W "{" ".join(words)}"'
    elif action.metavar in _FOLDERS:
        what = "-d"
    elif action.metavar in _FILES:
        what = "-f"
    else:
        return ":"
    return f'mapfile -t COMPREPLY < <(compgen {what} -- "$current")'


def _values(program: Program, action: argparse.Action) -> list[str]:
    """Return the possible values of an option, if they are known."""
    if action.metavar == "COMMAND":
        return list(program.commands)
    return [str(choice) for choice in action.choices or ()]


def _zsh(program: Program) -> str:
    function = f"_{program.name.replace('-', '_')}"
    lines = [f"#compdef {program.name}", "# written by docs/reference.py", ""]
    if program.commands:
        rows = [f"{c.name}:{c.summary}" for c in program.commands.values()]
        lines += [f"{function}_commands() {{", "    local -a commands=("]
        lines += [f"        {_quoted(row)}" for row in rows]
        lines += ["    )", "    _describe command commands", "}", ""]
    specs = [spec for action in program.options for spec in _zsh_option(program, action)]
    for place, action in enumerate(program.positionals, 1):
        values = _zsh_value(program, action)
        if place == 1 and program.subcommands:
            values = f"{{compadd -- {' '.join(_nouns(program))}; {values}}}"
        specs.append(f"{place}:{_zsh_text(str(action.metavar))}:{values}")
    if program.subcommands:
        specs.append("*:file:_files")
    lines.append("_arguments -s \\")
    lines += [f"    {_quoted(spec)} \\" for spec in specs[:-1]]
    return "\n".join([*lines, f"    {_quoted(specs[-1])}", ""])


def _zsh_option(program: Program, action: argparse.Action) -> Iterator[str]:
    for name in action.option_strings:
        repeated = "*" if isinstance(action, argparse._AppendAction) else ""
        spec = f"{repeated}{name}[{_zsh_text(_help(action))}]"
        if action.nargs != 0:
            spec += f":{_zsh_text(_value_name(action))}:{_zsh_value(program, action)}"
        yield spec


def _zsh_value(program: Program, action: argparse.Action) -> str:
    if action.metavar == "COMMAND":
        return f"_{program.name}_commands"
    if action.choices:
        return f"({' '.join(map(str, action.choices))})"
    if action.metavar in _FOLDERS:
        return "_files -/"
    return "_files" if action.metavar in _FILES else ""


def _zsh_text(text: str) -> str:
    return text.replace(":", "\\:").replace("[", "\\[").replace("]", "\\]")


def _fish(program: Program) -> str:
    lines = [f"# fish completion for {program.name}; written by docs/reference.py"]
    if program.commands:
        lines += ["function __minitorrent_commands", "    printf '%s\\t%s\\n' \\"]
        rows = [f"{c.name} {_quoted(c.summary)}" for c in program.commands.values()]
        lines += [f"        {row} \\" for row in rows[:-1]]
        lines += [f"        {rows[-1]}", "end"]
    for action in program.options:
        names = [
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
            for name in action.option_strings
        ]
        lines.append(" ".join(["complete -c", program.name, *names, *_fish_value(program, action)]))
    for words, parser in program.subcommands.items():
        said = _quoted((parser.description or "").rstrip("."))
        noun, _, verb = words.partition(" ")
        if verb:
            after = _quoted(f"__fish_prev_arg_in {noun}")
            lines.append(f"complete -c {program.name} -n {after} -a {verb} -d {said}")
        else:
            lines.append(f"complete -c {program.name} -n __fish_is_first_token -a {noun} -d {said}")
    for noun in [noun for noun, verbs in _nouns(program).items() if verbs]:
        lines.append(f"complete -c {program.name} -n __fish_is_first_token -a {noun}")
    return "\n".join([*lines, ""])


def _fish_value(program: Program, action: argparse.Action) -> list[str]:
    said = f"-d {_quoted(_help(action))}"
    if action.nargs == 0:
        return ["-f", said]
    if action.metavar == "COMMAND":
        return ["-x -a '(__minitorrent_commands)'", said]
    if action.choices:
        return [f"-x -a {_quoted(' '.join(map(str, action.choices)))}", said]
    if action.metavar in _FOLDERS:
        return ["-x -a '(__fish_complete_directories)'", said]
    return ["-r -F" if action.metavar in _FILES else "-x", said]


def _quoted(text: str) -> str:
    """Quote a word for any of the three shells."""
    return shlex.quote(text).replace("'\"'\"'", "'\\''")


if __name__ == "__main__":
    main()
