"""Completion of a line that is being typed. Pure, given the registry and a source of names.

A suggestion replaces the word at the cursor from its start, quoted where necessary. Several words
may be the beginning of one name, whose blanks the user didn't quote; then it replaces them all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from client.commands.command import Command
from client.commands.language.words import Line, Word, quote, split
from client.shell.candidates import Name, Names, candidates
from common.text import harmless, visible

_MOST_JOINED: Final = 5
"""The words before the cursor that may be the beginning of one name."""

_QUOTED: Final = "in quotes"
"""The help on names that are quoted although the user didn't begin with a quote."""


@dataclass(frozen=True)
class Suggestion:
    """`text` replaces everything from character `start` to the cursor; the menu shows `shown`."""

    text: str
    start: int
    shown: str
    help: str


def suggestions(
    before_cursor: str, commands: Mapping[str, Command], names: Names
) -> list[Suggestion]:
    """Return all completions for the end of `before_cursor`, best first."""
    line = split(before_cursor)
    if line.ends_in_comment:
        return []
    found: list[Suggestion] = []
    for words, current in _unquoted(before_cursor, line):
        known = _sorted(candidates(words, current, commands, names))
        begun = (name for name in known if _begins(name.text, current.text))
        found = [_suggestion(name, current) for name in begun if not name.is_option]
        if found:
            break
    words = line.words[:-1] if line.ends_in_word else line.words
    current = line.words[-1] if line.ends_in_word else Word("", len(before_cursor))
    known = candidates(words, current, commands, names)
    tests = (str.startswith, _begins) if found else (str.startswith, _begins, _contains)
    matching = _matching(known, current.text, tests)
    return [*found, *(_suggestion(name, current) for name in matching)]


def _unquoted(text: str, line: Line) -> Iterator[tuple[Sequence[Word], Word]]:
    """Yield the words before a name whose blanks or quotes aren't quoted, and what is typed of it.

    The shortest comes first. Nothing is yielded for what is a word of its own anyway, or if the
    last word begins with a quote.
    """
    if line.ends_in_word and line.words[-1].quoted:
        return
    for at in reversed(range(max(1, len(line.words) - _MOST_JOINED), len(line.words))):
        first = line.words[at]
        typed = text[first.start :]
        is_word = at == len(line.words) - 1 and line.ends_in_word and typed == first.text
        if not is_word and not first.quoted:
            yield line.words[:at], Word(typed, first.start)


def _matching(
    names: Sequence[Name], typed: str, tests: Iterable[Callable[[str, str], bool]]
) -> list[Name]:
    """Return the names that pass the first of the tests that any pass; all if nothing is typed."""
    if not typed:
        unique: dict[str, Name] = {}
        for name in filter(_is_harmless, names):
            unique.setdefault(name.text, name)
        return list(unique.values())
    chosen = _sorted(names)
    for matches in tests:
        found = [name for name in chosen if matches(name.text, typed)]
        if found:
            return found
    return []


def _sorted(names: Sequence[Name]) -> list[Name]:
    """Return the names in alphabetical order, aliases last, each once."""
    unique = {name.text: name for name in reversed(names) if _is_harmless(name)}
    return sorted(unique.values(), key=_place)


def _is_harmless(name: Name) -> bool:
    """Return whether a name is without control characters, which could affect the terminal."""
    return visible(name.text) == name.text


def _place(name: Name) -> tuple[bool, str, str]:
    return name.is_alias, name.text.casefold(), name.text


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _begins(text: str, typed: str) -> bool:
    return _folded(text).startswith(_folded(typed))


def _contains(text: str, typed: str) -> bool:
    return _folded(typed) in _folded(text)


def _suggestion(name: Name, current: Word) -> Suggestion:
    text = name.text if name.is_option else quote(name.text)
    is_new_quote = text != name.text and not current.quoted
    help_text = ", ".join(filter(None, (name.help, _QUOTED if is_new_quote else "")))
    if name.whole:
        text += " "
    elif text != name.text:
        text = text[:-1]  # the quote stays open, as the name continues
    return Suggestion(text, current.start, name.text, help_text)


class CommandCompleter(Completer):
    """Completes command lines. It may query the tracker, so run it in a thread."""

    def __init__(self, commands: Mapping[str, Command], names: Names) -> None:
        self._commands = commands
        self._names = names

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        """See Completer."""
        text = document.text_before_cursor
        for suggestion in suggestions(text, self._commands, self._names):
            yield Completion(
                suggestion.text,
                start_position=suggestion.start - len(text),
                display=harmless(suggestion.shown),
                display_meta=harmless(suggestion.help),
            )
