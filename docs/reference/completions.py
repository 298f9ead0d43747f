"""Completions for bash, zsh and fish."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

from docs.reference.programs import Program, help_text, option_names, value_name

_FOLDERS = {"DIR"}
_FILES = {"FILE", "TRACKER_INFO"}


def bash(program: Program) -> str:
    """Return the completions as a bash script."""
    function = f"_{program.name.replace('-', '_')}"
    cases = []
    for action in program.options:
        if action.nargs != 0:
            names = "|".join(action.option_strings)
            cases.append(f"        {names}) {_bash_value(program, action)}; return ;;")
    return "\n".join(
        [
            f"# bash completion for {program.name}; written by docs/reference",
            f"{function}() {{",
            "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}",
            "    COMPREPLY=()",
            "    case $before in",
            *cases,
            "    esac",
            "    if [[ $current == -* ]]; then",
            f'        local options="{option_names(program.parser)}"',
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


def _bash_suboptions(program: Program) -> Iterator[str]:
    for word, parser in program.subcommands.items():
        typed = f"${{COMP_WORDS[*]:1:{len(word.split())}}}"
        yield f'        [[ "{typed}" == "{word}" ]] && options="{option_names(parser)}"'


def _bash_subcommands(program: Program) -> Iterator[str]:
    for noun, verbs in _nouns(program).items():
        if verbs:
            offer = f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(verbs)}" -- "$current")'
            yield f"        if [[ $COMP_CWORD == 2 && $before == {noun} ]]; then {offer}; fi"
    if program.subcommands:
        more = f'COMPREPLY+=($(compgen -W "{" ".join(_nouns(program))}" -- "$current"))'
        yield f"        if [[ $COMP_CWORD == 1 ]]; then {more}; fi"


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


def zsh(program: Program) -> str:
    """Return the completions as a zsh function."""
    function = f"_{program.name.replace('-', '_')}"
    lines = [f"#compdef {program.name}", "# written by docs/reference", ""]
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
        spec = f"{repeated}{name}[{_zsh_text(help_text(action))}]"
        if action.nargs != 0:
            spec += f":{_zsh_text(value_name(action))}:{_zsh_value(program, action)}"
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


def fish(program: Program) -> str:
    """Return the completions as a fish script."""
    lines = [f"# fish completion for {program.name}; written by docs/reference"]
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
    said = f"-d {_quoted(help_text(action))}"
    if action.nargs == 0:
        return ["-f", said]
    if action.metavar == "COMMAND":
        return ["-x -a '(__minitorrent_commands)'", said]
    if action.choices:
        return [f"-x -a {_quoted(' '.join(map(str, action.choices)))}", said]
    if action.metavar in _FOLDERS:
        return ["-x -a '(__fish_complete_directories)'", said]
    return ["-r -F" if action.metavar in _FILES else "-x", said]


def _nouns(program: Program) -> dict[str, list[str]]:
    """Return the first words of the subcommands, each with those that can follow it."""
    nouns: dict[str, list[str]] = {}
    for words in program.subcommands:
        noun, _, verb = words.partition(" ")
        nouns.setdefault(noun, []).extend([verb] if verb else [])
    return nouns


def _quoted(text: str) -> str:
    """Quote a word for any of the three shells."""
    return shlex.quote(text).replace("'\"'\"'", "'\\''")
