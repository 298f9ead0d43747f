"""Asks a yes-or-no question at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output

from client.shell.terminal.secret import keep_for_later

_YES = ("y", "yes")
_ANSWERS = (*_YES, "n", "no", "")
_ENTER = (Keys.ControlM, Keys.ControlJ)


class Confirmation:
    """Asks questions that are answered with yes or no; anything but yes is no.

    `running` is entered with the application that reads the answer while it runs.
    """

    def __init__(
        self,
        keyboard: Input,
        terminal: Output,
        running: Callable[[Application[Any]], AbstractContextManager[None]],
    ) -> None:
        self._keyboard = keyboard
        self._terminal = terminal
        self._running = running

    def ask(self, question: str, *, at_end: bool = False) -> bool:
        """Ask `question`; return whether the answer is yes. Ctrl-C is no, Ctrl-D is `at_end`.

        A yes or no typed ahead is the answer; any other line typed ahead, such as the next one
        of several that were pasted, is kept for the prompt that follows.
        """
        typed = [*get_typeahead(self._keyboard), *self._keyboard.read_keys()]
        length = _answer_in(typed)
        keep_for_later(self._keyboard, typed[:length])
        asking = PromptSession[str](
            input=self._keyboard, output=self._terminal, enable_suspend=True
        )
        try:
            with self._running(asking.app):
                answer = asking.prompt(f"{question} [y/N] ")
        except KeyboardInterrupt:
            return False
        except EOFError:
            return at_end
        finally:
            keep_for_later(self._keyboard, typed[length:])
        return answer.strip().casefold() in _YES


def _answer_in(keys: Sequence[KeyPress]) -> int:
    """Return how many of the first keys are an answer to a question of yes or no."""
    if keys and keys[0].key in (Keys.ControlC, Keys.ControlD):
        return 1
    text = ""
    for at, press in enumerate(keys):
        if press.key in _ENTER:
            return at + 1 if text.strip().casefold() in _ANSWERS else 0
        if press.key != Keys.BracketedPaste and len(press.key) > 1:
            return 0
        text += press.data
    return len(keys) if text.casefold() in _ANSWERS else 0  # Enter may follow
