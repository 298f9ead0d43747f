"""The subcommands of the tracker's program, and which one a command line calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from common.errors import ErrorCode, MinitorrentError
from common.text import harmless
from tracker.command_line import parse
from tracker.operator import init_command, nouns
from tracker.operator.subcommand import Subcommand

SUBCOMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        command.words: command
        for command in (
            init_command.INIT,
            *nouns.DATABASE,
            *nouns.USERS,
            *nouns.GROUPS,
            *nouns.SESSIONS,
            *nouns.QUOTA,
        )
    }
)
"""All subcommands by their words."""

_HELP = frozenset({"-h", "--help"})
_NOUNS = frozenset(words.partition(" ")[0] for words in SUBCOMMANDS)


def is_called(arguments: Sequence[str]) -> bool:
    """Return whether these arguments call a subcommand, and don't run a tracker of such a file.

    A tracker's number follows a file that is called like a subcommand.
    """
    first, second = [*arguments[:2], "", ""][:2]
    return first in _NOUNS and not second.isdecimal()


def run(arguments: Sequence[str]) -> str:
    """Carry out the subcommand of these arguments; return what to print. Raises as Subcommand."""
    if len(arguments) > 1 and arguments[0] not in SUBCOMMANDS and arguments[1] in _HELP:
        return _summaries(arguments[0])
    command, rest = _find(arguments)
    return command.run(parse(command.parser(), rest))


def _summaries(noun: str) -> str:
    """Return what can follow a word."""
    found = [one for words, one in SUBCOMMANDS.items() if words.startswith(f"{noun} ")]
    width = max(len(command.words) for command in found)
    lines = [f"  {command.words:{width}}  {command.summary}" for command in found]
    return "\n".join(["subcommands:", *lines])


def _find(arguments: Sequence[str]) -> tuple[Subcommand, Sequence[str]]:
    noun, verb = [*arguments[:2], "", ""][:2]
    if noun in SUBCOMMANDS:
        return SUBCOMMANDS[noun], arguments[1:]
    if (words := f"{noun} {verb}") in SUBCOMMANDS:
        return SUBCOMMANDS[words], arguments[2:]
    verbs = [words.partition(" ")[2] for words in SUBCOMMANDS if words.startswith(f"{noun} ")]
    near = get_close_matches(verb, verbs, 1)
    hint = f"did you mean: {noun} {near[0]}" if near else f"choose one of: {', '.join(verbs)}"
    said = f"{noun} has no {harmless(verb, 100)!r}" if verb else f"{noun} needs another word"
    raise MinitorrentError(ErrorCode.USAGE, f"{said}; {hint}")
