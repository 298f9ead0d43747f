"""What was typed before, kept between runs, without any password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from prompt_toolkit.history import FileHistory

from client.shell.command import Command
from client.shell.parsing import nearest, quote, split


def without_secrets(text: str, commands: Mapping[str, Command]) -> str:
    """The line up to where a password begins; "" when nothing of it should be kept.

    A mistyped command is taken for the one that it was most likely meant to be.
    """
    words = split(text).words
    if not words:
        return ""
    command = commands.get(words[0].text) or nearest(words[0].text, commands)
    if command is None or not command.has_secrets:
        return text.strip()
    if words[0].text != command.name:
        return ""
    kept = [command.name]
    for argument, word in zip(command.arguments, words[1:], strict=False):
        if argument.kind.is_secret:
            break
        kept.append(quote(word.text))
    return " ".join(kept)


class PrivateHistory(FileHistory):
    """History in a file that only its user can read, and in which no password appears."""

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        path.chmod(0o600)
        super().__init__(str(path))
        self._commands = commands

    def append_string(self, string: str) -> None:
        kept = [without_secrets(line, self._commands) for line in string.splitlines()]
        text = "\n".join(line for line in kept if line)
        if text:
            super().append_string(text)
