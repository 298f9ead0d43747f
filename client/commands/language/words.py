"""Splits a line of text into words, and quotes words. Pure.

Quoting follows the POSIX shell: blanks separate words; single quotes keep everything; double
quotes keep everything but `\\"` and `\\\\`; a backslash outside quotes keeps the next character; a
`#` where a word would begin starts a comment. A magnet link is a word as it stands, since people
paste it (see client.commands.language.pasted_links).
"""

from __future__ import annotations

from dataclasses import dataclass

from client.commands.language.pasted_links import end_of_link

BLANKS = " \t\r\n\f\v"
"""Word separators; other Unicode spaces may be part of a name."""


@dataclass(frozen=True)
class Word:
    """A word without its quoting. `start` is its position in the line."""

    text: str
    start: int
    quoted: bool = False
    """Whether it begins with a quote or backslash; such a word is never an option."""


@dataclass(frozen=True)
class Line:
    """A line split into words. `open_quote` is an unclosed quote or trailing backslash."""

    words: tuple[Word, ...]
    open_quote: str = ""
    ends_in_word: bool = False
    """Whether the last word reaches the end of the line, so that more text would extend it."""
    ends_in_comment: bool = False


class _Lexer:
    """Splits one line into words, character by character."""

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
            if (end := end_of_link(self._text, self._at)) is not None:
                word, open_quote = Word(self._text[self._at : end], self._at), ""
                self._at = end
            else:
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
        """Consume everything up to the closing quote; return False if there is none."""
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
    """Split a line into words; never fails."""
    return _Lexer(text).line()


def quote(text: str) -> str:
    """Quote `text` so that it parses as a single word."""
    special = BLANKS + "'\"\\#"
    if text and not text.startswith("--") and not any(char in special for char in text):
        return text
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def line_of(command: str, *arguments: str, **options: object) -> str:
    """Return the command line with every value quoted; options that are None are left out."""
    words = [command]
    for name, value in options.items():
        if value is not None:
            words.append(f"--{name}" if value is True else f"--{name}={quote(str(value))}")
    return " ".join([*words, *map(quote, arguments)])


def command_word(text: str) -> str:
    """Return the first word of a line, or "" for a blank line or comment; never fails.

    The result contains no blank: with an unclosed quote, the word could be most of the line.
    """
    words = split(text).words
    return words[0].text.strip(BLANKS).partition(" ")[0] if words else ""
