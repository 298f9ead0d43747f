"""The shell's history, kept between runs, without secrets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from prompt_toolkit.history import FileHistory

from client.commands.command import Command
from client.commands.language.parsing import may_hold_secret
from client.commands.language.words import command_word
from client.storage.paths.writing import open_to_append

_MOST: Final = 16 * 1024 * 1024
"""The largest history file, in bytes, that is still read."""


class PrivateHistory(FileHistory):
    """A history file that only its user can read and that never contains a line with a secret.

    Such a line can't be recalled at the prompt either. A mistyped command can be recalled while
    the program runs, but isn't written to the file. Raises MinitorrentError if the file can't be
    opened.
    """

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        os.close(open_to_append(path))
        super().__init__(str(path))
        self._commands = commands

    def append_string(self, string: str) -> None:
        """Add what was typed, so that it can be recalled, unless it may contain a secret."""
        if kept := self._without_secrets(string):
            super().append_string(kept)

    def store_string(self, string: str) -> None:
        """Write the lines that are commands to the file."""
        lines = (line for line in string.split("\n") if command_word(line) in self._commands)
        if kept := "\n".join(lines):
            with suppress(OSError):  # a full disk must not interrupt the user
                super().store_string(kept)

    def load_history_strings(self) -> Iterable[str]:
        """Return what was stored, the newest first."""
        is_small = os.stat(self.filename).st_size <= _MOST  # noqa: PTH116 - it may be bytes
        # Older versions stored some lines that may contain a password.
        lines = super().load_history_strings() if is_small else ()
        return filter(None, map(self._without_secrets, lines))

    def _without_secrets(self, text: str) -> str:
        lines = (line.strip() for line in text.split("\n"))
        return "\n".join(line for line in lines if not may_hold_secret(line, self._commands))
