"""What was typed before, kept between runs, without any password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from prompt_toolkit.history import FileHistory

from client.commands.command import Command
from client.commands.parsing import quote, split


def without_secrets(text: str, commands: Mapping[str, Command]) -> str:
    """The line up to where a password begins; "" for what is no command, as it may hold one."""
    words = split(text).words
    command = commands.get(words[0].text) if words else None
    if command is None:
        return ""
    if not command.has_secrets:
        return text.strip()
    kept = [command.name]
    for argument, word in zip(command.arguments, words[1:], strict=False):
        if argument.kind.is_secret:
            break
        kept.append(quote(word.text))
    return " ".join(kept)


class PrivateHistory(FileHistory):
    """History in a file that only its user can read, and in which no password appears.

    A mistyped command can be called back and mended as long as the program runs, but it is not
    kept in the file.
    """

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        path.chmod(0o600)
        super().__init__(str(path))
        self._commands = commands

    def append_string(self, string: str) -> None:
        lines = (without_secrets(line, self._commands) or line for line in string.splitlines())
        super().append_string("\n".join(lines))

    def store_string(self, string: str) -> None:
        lines = (without_secrets(line, self._commands) for line in string.splitlines())
        if kept := "\n".join(filter(None, lines)):
            super().store_string(kept)
