"""What was typed before, kept between runs, without any password."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from prompt_toolkit.history import FileHistory

from client.commands.command import Command
from client.commands.parsing import quote, split
from client.storage.writing import open_to_append

_MOST: Final = 16 * 1024 * 1024
"""Bytes of a history that is still read."""


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
    kept in the file. Raises MinitorrentError when the file can't be had.
    """

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        os.close(open_to_append(path))
        super().__init__(str(path))
        self._commands = commands

    def append_string(self, string: str) -> None:
        lines = (without_secrets(line, self._commands) or line for line in string.splitlines())
        super().append_string("\n".join(lines))

    def store_string(self, string: str) -> None:
        lines = (without_secrets(line, self._commands) for line in string.splitlines())
        if kept := "\n".join(filter(None, lines)):
            with suppress(OSError):  # a full disk is no reason to stop typing
                super().store_string(kept)

    def load_history_strings(self) -> Iterable[str]:
        is_small = os.stat(self.filename).st_size <= _MOST  # noqa: PTH116 - it may be bytes
        return super().load_history_strings() if is_small else ()
