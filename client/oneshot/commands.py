"""Commands as one program gives them to another: by name, with results as plain data."""

from __future__ import annotations

from typing import Any, Protocol

from client.commands.language.words import line_of
from client.commands.runner import Runner


class Commands(Protocol):
    """Runs commands of a client, of this process or of another one."""

    def call(self, command: str, *arguments: str, **options: object) -> dict[str, Any]:
        """Run a command and return its result, as `--json` shows it.

        Options without a value are True. Raises MinitorrentError if the command fails.
        """


class OwnCommands:
    """Commands of this process's client."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def call(self, command: str, *arguments: str, **options: object) -> dict[str, Any]:
        """See Commands."""
        outcome = self._runner.run(line_of(command, *arguments, **options))
        assert outcome is not None
        if outcome.error is not None:
            raise outcome.error
        result: dict[str, Any] = outcome.as_json()["result"]
        return result
