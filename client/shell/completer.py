"""Adapts `client.shell.suggest` to prompt_toolkit's completion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from client.commands.command import Command
from client.shell.suggest import Names, suggestions
from common.text import harmless


class CommandCompleter(Completer):
    """Completes command lines. It may query the tracker, so run it in a thread."""

    def __init__(self, commands: Mapping[str, Command], names: Names) -> None:
        self._commands = commands
        self._names = names

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        for suggestion in suggestions(text, self._commands, self._names):
            yield Completion(
                suggestion.text,
                start_position=suggestion.start - len(text),
                display=harmless(suggestion.shown),
                display_meta=harmless(suggestion.help),
            )
