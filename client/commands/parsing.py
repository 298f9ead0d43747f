"""From a line of text to a command and its arguments. Pure.

Quoting follows the POSIX shell: blanks separate words; single quotes keep everything; double
quotes keep everything but `\\"` and `\\\\`; a backslash outside quotes keeps the next character; a
`#` where a word would begin starts a comment.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from client.commands.command import Argument, Arguments, Command, Kind, Option
from common.errors import ErrorCode, MinitorrentError

_NO_TEXT = re.compile("[\ud800-\udfff]")
"""Bytes typed at a terminal of another encoding than theirs come as these (PEP 383)."""

_NAME_OF_COMMAND = re.compile("[A-Za-z_-]{1,40}")
"""What could be the name of a command, or such a name with a slip of the finger."""

_MEANT, _ALIKE = 0.6, 0.5
"""How much of two words is the same, from 0 to 1, when one was meant, and when it may have been."""

_SEPARATORS = re.compile(r"[\s;&|]+")
"""What separates commands elsewhere; here a line holds one."""

_ANNOUNCE_KEY = re.compile("/announce/|%2fannounce%2f", re.IGNORECASE)
"""A magnet link may hold its user's announce key."""

BLANKS = " \t\r\n\f\v"
"""What separates words; other spaces of Unicode may be part of a name."""


@dataclass(frozen=True)
class Word:
    """A word with its quoting taken off. `start` is where it begins in the line."""

    text: str
    start: int
    quoted: bool = False
    """Whether it begins with a quote or a backslash; such a word is never an option."""


@dataclass(frozen=True)
class Line:
    """A line cut into words. `open_quote` is the quote (or backslash) that nothing closed."""

    words: tuple[Word, ...]
    open_quote: str = ""
    ends_in_word: bool = False
    """Whether the last word reaches the end of the line, so that typing on would lengthen it."""
    ends_in_comment: bool = False


@dataclass(frozen=True)
class Invocation:
    """A command with what it is to work on."""

    command: Command
    arguments: Arguments


class _Lexer:
    """Cuts one line into words, character by character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def line(self) -> Line:
        words: list[Word] = []
        while True:
            while self._at < len(self._text) and self._text[self._at] in BLANKS:
                self._at += 1
            if self._at == len(self._text):
                return Line(tuple(words))
            if self._text[self._at] == "#":
                return Line(tuple(words), ends_in_comment=True)
            word, open_quote = self._word()
            words.append(word)
            if self._at == len(self._text):
                return Line(tuple(words), open_quote, ends_in_word=True)

    def _word(self) -> tuple[Word, str]:
        start, parts = self._at, list[str]()
        quoted = self._text[start] in "'\"\\"
        while self._at < len(self._text) and (char := self._text[self._at]) not in BLANKS:
            self._at += 1
            if char in "'\"":
                if not self._quoted(char, parts):
                    return Word("".join(parts), start, quoted), char
            elif char == "\\":
                if self._at == len(self._text):
                    return Word("".join(parts), start, quoted), char
                parts.append(self._text[self._at])
                self._at += 1
            else:
                parts.append(char)
        return Word("".join(parts), start, quoted), ""

    def _quoted(self, quote: str, parts: list[str]) -> bool:
        """Take everything up to the closing quote; False when there is none."""
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == quote:
                return True
            if quote == '"' and char == "\\" and self._text[self._at : self._at + 1] in ('"', "\\"):
                char = self._text[self._at]
                self._at += 1
            parts.append(char)
        return False


def split(text: str) -> Line:
    """Cut a line into words; never fails."""
    return _Lexer(text).line()


def quote(text: str) -> str:
    """Write `text` so that it is read back as one word."""
    special = BLANKS + "'\"\\#"
    if text and not text.startswith("--") and not any(char in special for char in text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


def command_word(text: str) -> str:
    """The first word of a line however broken the rest is; "" for a blank line or a comment.

    It holds no blank: when a quote goes wrong, the word would be most of the line.
    """
    words = split(text).words
    return words[0].text.strip(BLANKS).partition(" ")[0] if words else ""


def may_hold_secret(text: str, commands: Mapping[str, Command]) -> bool:
    """Whether something in a line could be a secret, so that it must not be kept or repeated.

    That is so when its command takes one, when it is no command but may be meant for one that
    does, or when it is like none at all: it may be a password typed at the wrong prompt.
    """
    words = split(text).words
    if not words:
        return "#" in text
    name, arguments = words[0].text, words[1:]
    secret = {name for name, command in commands.items() if command.has_secrets}
    likely = {name} if name in commands else set(_alike(name, commands, _ALIKE))
    if not likely or likely & secret or _ANNOUNCE_KEY.search(text):
        return True
    if name in commands and len(arguments) == 1 and _is_on_commands(commands[name]):
        return False
    return any(part in secret for word in arguments for part in _SEPARATORS.split(word.text))


def _is_on_commands(command: Command) -> bool:
    return any(argument.kind is Kind.COMMAND for argument in command.arguments)


def parse(text: str, commands: Mapping[str, Command]) -> Invocation | None:
    """Read a command line; None for a blank line or a comment.

    Raises MinitorrentError(usage) for everything that is not a command of `commands` with the
    right arguments.
    """
    line = split(text)
    if "\0" in text:
        raise MinitorrentError(ErrorCode.USAGE, "A command can't contain a NUL character.")
    if _NO_TEXT.search(text):
        raise MinitorrentError(
            ErrorCode.USAGE,
            "The line holds characters that this terminal's encoding does not know; start the"
            " client with LC_ALL=C.UTF-8 in its environment.",
        )
    if line.open_quote == "\\":
        raise MinitorrentError(ErrorCode.USAGE, "Nothing follows the backslash that ends the line.")
    if line.open_quote:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"A quote ({line.open_quote}) is never closed; close it, or put a backslash before it.",
        )
    if not line.words:
        return None
    command = find(line.words[0].text, commands)
    return Invocation(command, bind(command, line.words[1:]))


def missing_secrets(text: str, commands: Mapping[str, Command]) -> tuple[Argument, ...]:
    """The passwords that a line leaves out at its end, when nothing else is missing."""
    line = split(text)
    command = commands.get(line.words[0].text) if line.words and not line.open_quote else None
    if command is None:
        return ()
    given, _, _ = _take_options(command, line.words[1:])
    missing = command.arguments[len(given) :]
    return missing if all(argument.kind.is_secret for argument in missing) else ()


def find(name: str, commands: Mapping[str, Command]) -> Command:
    """The command called `name`; raises MinitorrentError(usage) that names the nearest.

    A word like none of them is not repeated: it may be a password.
    """
    if name in commands:
        return commands[name]
    near = nearest(name, commands)
    if near is None:
        raise MinitorrentError(
            ErrorCode.USAGE, "There is no such command; help lists all commands."
        )
    raise MinitorrentError(
        ErrorCode.USAGE, f"There is no command {name!r}; did you mean {near.name}?"
    )


def nearest(word: str, commands: Mapping[str, Command]) -> Command | None:
    """The command that a mistyped word was most likely meant to be."""
    found = _alike(word, commands, _MEANT)
    return commands[found[0]] if found else None


def _alike(word: str, commands: Mapping[str, Command], likeness: float) -> list[str]:
    """The names of commands that a word is like, the nearest first."""
    if not _NAME_OF_COMMAND.fullmatch(word):
        return []
    folded = word.lower().replace("-", "_")
    return difflib.get_close_matches(folded, commands, n=len(commands), cutoff=likeness)


def bind(command: Command, words: Sequence[Word]) -> Arguments:
    """Match words with a command's arguments and options; raises MinitorrentError(usage)."""
    texts, values, flags = _take_options(command, words)
    if not command.required <= len(texts) <= len(command.arguments):
        raise _usage(command, _what_is_wrong(command, len(texts)))
    for argument, text in zip(command.assign(len(texts)), texts, strict=True):
        if not text:
            raise _usage(command, f"{argument.name} is empty.")
        values[argument.name] = text
    return Arguments(values, frozenset(flags), command.usage)


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
                values[name] = _option_value(command, option, following)
    return texts, values, flags


def _option_value(command: Command, option: Option, value: str) -> str:
    if option.value is None:
        raise _usage(command, f"The option --{option.name} takes no value.")
    if not value:
        raise _usage(command, f"The option --{option.name} needs a value.")
    return value


def _what_is_wrong(command: Command, count: int) -> str:
    if count > len(command.arguments):
        return "Too many words (quote a name that has spaces)."
    missing = command.assign(command.required)[count]
    return f"{missing.name} is missing."


def _usage(command: Command, problem: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, f"{problem} Usage: {command.usage}")
