"""Runs command lines from any source and returns their outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel

from client.commands.command import Arguments, Command, Context, Watch, always, never
from client.commands.language.did_you_mean import corrected
from client.commands.language.parsing import Invocation, missing_secrets, parse
from client.commands.language.short_forms import written_out
from client.commands.language.words import command_word, quote
from client.commands.registry import COMMANDS
from client.config import LONGEST_LINE
from common.errors import ErrorCode, MinitorrentError
from common.text import size

if TYPE_CHECKING:
    from client.services.api import SessionApi
    from client.services.content.uploads import HashProgress

_START_OF_LONG_LINE = 200
"""Bytes of a line that is too long in which its command is looked for."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one command line. `command` is None if the word isn't a command."""

    word: str
    command: Command | None
    answer: BaseModel | MinitorrentError

    @property
    def error(self) -> MinitorrentError | None:
        """The error, or None if the command succeeded."""
        return self.answer if isinstance(self.answer, MinitorrentError) else None

    @property
    def ends_program(self) -> bool:
        """Whether the program is to end now."""
        return self.error is None and self.command is not None and self.command.ends_program

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object for this outcome (`--json` and the HTTP API)."""
        if isinstance(self.answer, MinitorrentError):
            error = {"code": self.answer.code.value, "message": self.answer.message}
            return {"command": self.word, "ok": False, "error": error}
        return {"command": self.word, "ok": True, "result": self.answer.model_dump(mode="json")}


def settled(invocation: Invocation, context: Context) -> Invocation:
    """Return the invocation with each word where it belongs; raises MinitorrentError(usage)."""
    command, arguments = invocation.command, invocation.arguments
    if command.settle is None or not arguments.words:
        return invocation
    return Invocation(command, command.settle(context, arguments))


class Runner:
    """Runs command lines on a session.

    `ask` prompts for a secret at the terminal; None if there is no terminal. `confirm` asks a
    yes-or-no question; where it may return False, `run` may raise Declined. `watch` is None if
    there is no terminal.
    """

    def __init__(
        self,
        session: SessionApi,
        *,
        progress: HashProgress | None = None,
        cancelled: Callable[[], bool] = never,
        ask: Callable[[str], str] | None = None,
        confirm: Callable[[str], bool] = always,
        watch: Watch | None = None,
    ) -> None:
        self._context = Context(session, COMMANDS, progress, cancelled, confirm, watch)
        self._ask = ask

    def command(self, line: bytes) -> Command | None:
        """Return the command that a line names, whatever follows it, or None."""
        return COMMANDS.get(command_word(line.decode("utf-8", "replace")))

    def run_bytes(self, line: bytes) -> Outcome | None:
        """Run a line read from a pipe: UTF-8, at most LONGEST_LINE bytes."""
        if len(line) > LONGEST_LINE:
            word = command_word(line[:_START_OF_LONG_LINE].decode("utf-8", "replace"))
            error = MinitorrentError(
                ErrorCode.USAGE, f"The line is longer than {size(LONGEST_LINE)}; nothing was run."
            )
            return Outcome(word, None, error)
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            word = command_word(line.decode("utf-8", "replace"))
            error = MinitorrentError(ErrorCode.USAGE, "The line is not UTF-8; nothing was run.")
            return Outcome(word, None, error)
        return self.run(text.removeprefix("\ufeff"))

    def run(self, text: str) -> Outcome | None:
        """Run one line; return None for a blank line or comment. Errors are outcomes too."""
        return self._outcome(command_word(text), lambda: self._parse(text))

    def call(self, command: Command, arguments: Arguments) -> Outcome:
        """Run a command with parsed arguments. Errors are outcomes too."""
        outcome = self._outcome(command.name, lambda: Invocation(command, arguments))
        assert outcome is not None
        return outcome

    def _outcome(self, word: str, read: Callable[[], Invocation | None]) -> Outcome | None:
        """Return the outcome of what `read` returns or raises; None if it returns None."""
        command = COMMANDS.get(word)
        word = command.name if command else word
        try:
            invocation = read()
            if invocation is None:
                return None
            command, word = invocation.command, invocation.command.name
            result = self._run(invocation)
        except MinitorrentError as error:
            return Outcome(word, command, error)
        except Exception:
            logger = structlog.get_logger()
            logger.exception("a command failed unexpectedly", command=word)
            sentence = f"{word} failed unexpectedly; see the log for details."
            return Outcome(word, command, MinitorrentError(ErrorCode.INTERNAL, sentence))
        return Outcome(word, command, result)

    def _run(self, invocation: Invocation) -> BaseModel:
        invocation = settled(invocation, self._context)
        try:
            return invocation.command.run(self._context, invocation.arguments)
        except MinitorrentError as error:
            raise corrected(error, invocation, self._context.session) from None

    def _parse(self, text: str) -> Invocation | None:
        line = written_out(text, self._context.session)
        return parse(self._with_secrets(line), COMMANDS)

    def _with_secrets(self, text: str) -> str:
        """Return the line completed with the passwords it leaves out, after prompting for them."""
        if self._ask is None:
            return text
        for argument in missing_secrets(text, COMMANDS):
            secret = self._ask(f"{argument.prompt}: ")
            if argument.kind.is_new and secret != self._ask(f"{argument.prompt} again: "):
                raise MinitorrentError(
                    ErrorCode.USAGE, "The two passwords don't match; nothing was done. Try again."
                )
            text = f"{text} {quote(secret)}"
        return text
