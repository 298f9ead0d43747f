"""Runs the terminal sessions shown in documents for real, line by line.

Every block fenced as ```console NAME is a piece of what is seen in the terminal called NAME: lines
that begin with a prompt are typed, the following lines must appear, in order. `...` stands for
anything; in a line to be typed, a word with `...` in it stands for the newest word that was shown
and fits. Where the program asks for a password, one is typed; where it asks a question of yes or
no, or for a name or an address, the answer shown. A shell's command that shows nothing has ended
before the next block begins, which may need what it made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.support.closing import Closing
from tests.support.programs.terminal import Terminal
from tests.support.waiting import wait_until

_BLOCK = re.compile(r"^```console (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"(\$|[\w.-]+(?:@[\w.-]+)?>)(?: (.*))?")
_SECRET = re.compile(r"(?:Old p|New p|P)assword( again)?:")
_QUESTION = re.compile(r"(.*\? \[(?:y/N|Y/n)\]|Your name:|.* \(HOST:PORT\):) (\S+)")
_COLUMNS, _ROWS = 200, 40
_LIMIT = 30.0
_PASSWORD = "secret123"
_SHELL = "$"


@dataclass(frozen=True)
class Block:
    """A part of one terminal's session. `line` is where it begins in the document."""

    terminal: str
    line: int
    text: str


def blocks(document: str) -> list[Block]:
    """The pieces of a document, in order."""
    return [
        Block(found[1], document.count("\n", 0, found.start(2)) + 1, found[2])
        for found in _BLOCK.finditer(document)
    ]


class Transcript(Closing):
    """Terminals in `folder`, one per name, each with a shell; plays blocks into them."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        variables = [f"{name}={value}" for name, value in environment.items()]
        self._command = ["env", "-C", str(folder), "PS1=$ ", *variables, "sh"]
        self._terminals: dict[str, Terminal] = {}
        self._places: dict[str, tuple[str, int]] = {}  # the last typed line, and lines seen since
        self._stack = ExitStack()

    def close(self) -> None:
        """End the terminals."""
        self._stack.close()

    def play(self, block: Block) -> None:
        """Type the block's input and wait for its output; raises AssertionError if it differs."""
        terminal = self._terminal(block.terminal)
        typed, at = self._places.get(block.terminal, ("", 0))
        prompt: re.Match[str] | None = None
        for number, line in enumerate(block.text.splitlines(), block.line):
            try:
                if prompt := _PROMPT.fullmatch(line):
                    self._wait_for_prompt(terminal, prompt[1])
                    if prompt[2]:
                        typed = f"{prompt[1]} {self._filled_in(prompt[2])}"
                        self._enter(terminal, typed, prompt[1])
                        at = 0
                elif _SECRET.fullmatch(line):
                    self._answer(terminal, line, _PASSWORD)
                elif question := _QUESTION.fullmatch(line):
                    self._answer(terminal, question[1], question[2])
                else:
                    at = self._wait_for_line(terminal, line, typed, at)
            except AssertionError as error:
                raise AssertionError(
                    f"line {number}: {line}\n{error}\n{terminal.printed()}"
                ) from None
        if prompt and prompt[1] == _SHELL:
            self._wait_for_prompt(terminal, _SHELL)
        self._places[block.terminal] = typed, at

    def _terminal(self, name: str) -> Terminal:
        if name not in self._terminals:
            terminal = Terminal(self._command, columns=_COLUMNS, rows=_ROWS)
            self._terminals[name] = self._stack.enter_context(terminal)
        return self._terminals[name]

    def _wait_for_prompt(self, terminal: Terminal, prompt: str) -> None:
        """Wait until the newest prompt is the expected one, with nothing typed after it."""

        def prompted() -> bool:
            prompts = [line for line in terminal.screen().splitlines() if _PROMPT.fullmatch(line)]
            return bool(prompts) and prompts[-1] == prompt

        wait_until(prompted, _LIMIT, f"the prompt {prompt}")

    def _enter(self, terminal: Terminal, typed: str, prompt: str) -> None:
        """Type a line and wait for its echo: until then, its prompt looks like the next one."""

        def echoed() -> int:
            return sum(_begins(typed, line.rstrip()) for line in terminal.printed().splitlines())

        before = echoed()
        terminal.enter(typed.removeprefix(f"{prompt} "))
        wait_until(lambda: echoed() > before, _LIMIT, "the echo")

    def _answer(self, terminal: Terminal, question: str, answer: str) -> None:
        wait_until(
            lambda: terminal.screen().endswith(f"\n{question}"), _LIMIT, f"to be asked {question}"
        )
        terminal.enter(answer)

    def _wait_for_line(self, terminal: Terminal, line: str, typed: str, at: int) -> int:
        """Wait until `line` appears below the last typed line and below its line `at`."""
        pattern = _pattern(line)

        def found() -> int:
            shown = _below(terminal.printed().splitlines(), typed)
            fitting = (i for i, text in enumerate(shown) if i >= at and pattern.fullmatch(text))
            return next(fitting, -1) + 1

        return wait_until(found, _LIMIT, f"the line {line!r}")

    def _filled_in(self, typed: str) -> str:
        return re.sub(r"\S*\.\.\.\S*", lambda word: self._newest(word[0]), typed)

    def _newest(self, word: str) -> str:
        quote = word[0] if word[0] in "'\"" else ""
        pattern = _pattern(word.strip(quote or " "))
        shown = (w for t in self._terminals.values() for w in t.printed().split())
        fitting = [w for w in shown if pattern.fullmatch(w) and "..." not in w]
        assert fitting, f"nothing was shown that fits {word}"
        return f"{quote}{fitting[-1]}{quote}"


def _below(lines: list[str], typed: str) -> list[str]:
    """Return the lines below the last `typed` one; all of them if nothing was typed."""
    if not typed:
        return lines
    places = [place for place, line in enumerate(lines) if _begins(typed, line.rstrip())]
    return lines[places[-1] + 1 :] if places else []


def _begins(typed: str, line: str) -> bool:
    """Return whether a line is the typed text, or as much of it as fits."""
    return line == typed or (len(line) >= _COLUMNS - 1 and typed.startswith(line))


def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern for `text` that ignores the column widths of tables."""
    escaped = ".*".join(map(re.escape, text.split("...")))
    return re.compile(re.sub(r"(\\ )+", r"\\s+", escaped))


def steps(document: Path) -> Iterator[Block]:
    """The blocks of a file; raises AssertionError when it has none."""
    found = blocks(document.read_text(encoding="utf-8"))
    assert found, f"{document} shows nothing to be typed"
    yield from found
