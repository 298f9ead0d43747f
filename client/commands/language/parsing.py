"""Parses a line of text into a command and its arguments. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from client.commands.command import Argument, Arguments, Command, Kind, Option
from client.commands.language.pasted_links import join_links
from client.commands.language.usual_words import SUGGESTED, begun
from client.commands.language.words import Word, split
from common.errors import ErrorCode, MinitorrentError
from common.magnet import is_magnet

_UNDECODABLE = re.compile("[\ud800-\udfff]")
"""Bytes that the terminal's encoding can't decode arrive as surrogates (PEP 383)."""

_COMMAND_NAME = re.compile("[A-Za-z_-]{1,40}")
"""Words that could be a command's name, correct or mistyped."""

_PROBABLE, _POSSIBLE = 0.6, 0.5
"""The similarity (0 to 1) from which a word is probably, or possibly, a mistyped command."""

_SEPARATORS = re.compile(r"[\s;&|]+")
"""What separates commands in other shells; here, a line is a single command."""

_ANNOUNCE_KEY = re.compile("/announce/|%2fannounce%2f", re.IGNORECASE)
"""A magnet link may contain its user's announce key."""


@dataclass(frozen=True)
class Invocation:
    """A command with its arguments."""

    command: Command
    arguments: Arguments


def may_hold_secret(text: str, commands: Mapping[str, Command]) -> bool:
    """Return whether a line could contain a secret, so that it must not be stored or repeated.

    That is the case if its command takes a secret, if it could be a mistyped command that takes
    one, or if it resembles no command: it may be a password typed at the wrong prompt.
    """
    words = split(text).words
    if not words:
        return "#" in text
    name, arguments = words[0].text, words[1:]
    secret = {name for name, command in commands.items() if command.has_secrets}
    likely = {commands[name].name} if name in commands else _possible(name, commands)
    if not likely or likely & secret or _ANNOUNCE_KEY.search(text):
        return True
    if name in commands and len(arguments) == 1 and _is_about_commands(commands[name]):
        return False
    return any(part in secret for word in arguments for part in _SEPARATORS.split(word.text))


def _possible(name: str, commands: Mapping[str, Command]) -> set[str]:
    """Return the commands that a word which is none may stand for."""
    usual = SUGGESTED.get(name.casefold())
    return {*_alike(name, commands, _POSSIBLE), *((usual,) if usual else ())}


def _is_about_commands(command: Command) -> bool:
    """Return whether a command takes the name of a command, as `help` does."""
    return any(argument.kind is Kind.COMMAND for argument in command.arguments)


def parse(text: str, commands: Mapping[str, Command]) -> Invocation | None:
    """Parse a command line; return None for a blank line or comment.

    Raises MinitorrentError(usage) if it isn't a command of `commands` with valid arguments.
    """
    line = split(text)
    if "\0" in text:
        raise MinitorrentError(ErrorCode.USAGE, "A command can't contain a NUL character.")
    if _UNDECODABLE.search(text):
        raise MinitorrentError(
            ErrorCode.USAGE,
            "The line contains characters that the terminal's encoding doesn't support; start the"
            " client with LC_ALL=C.UTF-8 in its environment.",
        )
    if line.open_quote == "\\":
        raise MinitorrentError(
            ErrorCode.USAGE, "The line ends in a backslash with nothing after it."
        )
    if line.open_quote:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"A quote ({line.open_quote}) is never closed; close it, or put a backslash before it.",
        )
    if not line.words:
        return None
    command = find(line.words[0].text, commands)
    if "help" in commands and _asks_for_help(command, line.words[1:]):
        return Invocation(commands["help"], Arguments({"COMMAND": command.name}))
    return Invocation(command, bind(command, line.words[1:]))


def missing_secrets(text: str, commands: Mapping[str, Command]) -> tuple[Argument, ...]:
    """Return the passwords missing at the end of a line, if nothing else is missing."""
    line = split(text)
    command = commands.get(line.words[0].text) if line.words and not line.open_quote else None
    if command is None or _asks_for_help(command, line.words[1:]):
        return ()
    given, _, _ = _take_options(command, line.words[1:])
    missing = command.arguments[len(given) :]
    return missing if all(argument.kind.is_secret for argument in missing) else ()


def find(name: str, commands: Mapping[str, Command]) -> Command:
    """Return the command called `name`; raises MinitorrentError(usage) that suggests a similar one.

    A word that resembles no command isn't repeated in the message: it may be a password.
    """
    if name in commands:
        return commands[name]
    near = nearest(name, commands)
    if is_magnet(name):
        raise MinitorrentError(ErrorCode.USAGE, "To download by a magnet link, type: get LINK")
    if not near:
        raise MinitorrentError(
            ErrorCode.USAGE, "There is no such command; help lists all commands."
        )
    *others, last = near
    meant = f"{', '.join(others)} or {last}" if others else last
    raise MinitorrentError(ErrorCode.USAGE, f"There is no command {name!r}; did you mean {meant}?")


def nearest(word: str, commands: Mapping[str, Command]) -> Sequence[str]:
    """Return the names of the commands that a word most likely stands for; none if it is unlike."""
    usual = SUGGESTED.get(word.casefold(), "")
    found = [*([usual] if usual in commands else []), *begun(word, commands)]
    return list(dict.fromkeys(found)) or _alike(word, commands, _PROBABLE)[:1]


def _alike(word: str, commands: Mapping[str, Command], likeness: float) -> list[str]:
    """Return the names of commands that resemble a word, the most similar first."""
    if not _COMMAND_NAME.fullmatch(word):
        return []
    folded = word.lower().replace("-", "_")
    return difflib.get_close_matches(folded, commands, n=len(commands), cutoff=likeness)


def bind(command: Command, words: Sequence[Word]) -> Arguments:
    """Match words with a command's arguments and options; raises MinitorrentError(usage)."""
    texts, values, flags = _take_options(command, words)
    most = len(texts) if command.takes_many else len(command.arguments)
    texts = join_links(texts, most)
    if not command.required <= len(texts) <= most:
        raise _usage(command, _what_is_wrong(command, len(texts)))
    lists: dict[str, tuple[str, ...]] = {}
    for argument, text in zip(command.assign(len(texts)), texts, strict=True):
        if not text:
            raise _usage(command, f"{argument.name} is empty.")
        if argument.many:
            lists[argument.name] = (*lists.get(argument.name, ()), text)
        else:
            values[argument.name] = text
    return Arguments(values, frozenset(flags), command.usage, lists, tuple(texts))


def _asks_for_help(command: Command, words: Sequence[Word]) -> bool:
    """Return whether `--help` is among the words, and not the value of an option."""
    takes_value = {f"--{option.name}" for option in command.options if option.value is not None}
    before = ""
    for word in words:
        if word.quoted or before in takes_value:
            before = ""
        elif word.text == "--":
            return False
        elif word.text == "--help":
            return True
        else:
            before = word.text
    return False


def _take_options(
    command: Command, words: Sequence[Word]
) -> tuple[list[str], dict[str, str], set[str]]:
    options = {option.name: option for option in command.options}
    texts, values, flags = list[str](), dict[str, str](), set[str]()
    waiting = iter(words)
    for word in waiting:
        if word.quoted or not word.text.startswith("--"):
            texts.append(word.text)
        elif word.text == "--":
            texts.extend(rest.text for rest in waiting)
        else:
            name, equals, value = word.text.removeprefix("--").partition("=")
            option = options.get(name)
            if option is None:
                called = "such option" if command.has_secrets else f"option --{name}"
                raise _usage(command, f"There is no {called}.")
            if option.value is None and not equals:
                flags.add(name)
            else:
                following = value if equals else next((w.text for w in waiting), "")
                read = _option_value(command, option, following)
                again = option.repeats and name in values
                values[name] = f"{values[name]},{read}" if again else read
    return texts, values, flags


def _option_value(command: Command, option: Option, value: str) -> str:
    if option.value is None:
        raise _usage(command, f"The option --{option.name} takes no value.")
    if not value:
        raise _usage(command, f"The option --{option.name} needs a value.")
    return value


def _what_is_wrong(command: Command, count: int) -> str:
    """Describe why `count` arguments are too many or too few."""
    if count >= command.required:
        return "Too many arguments (quote names that contain spaces)."
    missing = command.assign(command.required)[count]
    return f"{missing.name} is missing."


def _usage(command: Command, problem: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, f"{problem} Usage: {command.usage}")
