"""Asking for a secret: what is typed, and what was typed ahead, is its answer and never shown."""

from __future__ import annotations

import select
import termios
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPress, KeyPressEvent
from prompt_toolkit.keys import Keys

from client.shell.signals import Interrupts, Stopped

_LONGEST = 4096
"""Characters of an answer; what is typed beyond is dropped."""

_ENTER = (Keys.ControlM, Keys.ControlJ)
_ERASE = (Keys.ControlH, Keys.Delete)
_ERASE_ALL = (Keys.ControlU, Keys.ControlW)


class SecretPrompt:
    """Asks at a terminal that is inside a `Keyboard`, so that nothing is echoed.

    The answer is no text of any editor: there is no history, search or clipboard to find it in.
    `show` writes to the terminal.
    """

    def __init__(
        self, keyboard: Input, show: Callable[[str], None], interrupts: Interrupts
    ) -> None:
        self._keyboard = keyboard
        self._show = show
        self._interrupts = interrupts

    def ask(self, prompt: str) -> str:
        """One line, without its end. Raises Stopped on Ctrl-C, Ctrl-D, a signal, and no terminal.

        Keys that came before the prompt count, in their order; those after Enter are kept for
        whatever asks next. When it raises, everything typed ahead is dropped: it may be secret.
        """
        keys = deque(get_typeahead(self._keyboard))
        typed: list[str] = []
        self._show(prompt)
        try:
            while not _take(keys, typed):
                self._interrupts.wait(self._keyboard.fileno())
                keys.extend(self._keyboard.read_keys())
                if self._keyboard.closed:
                    raise Stopped
        except Stopped:
            self.forget()
            raise
        finally:
            self._show("\r\n")
        keep_for_later(self._keyboard, keys)
        return "".join(typed)

    def forget(self) -> bool:
        """Drop what was typed ahead; whether there was anything."""
        descriptor = self._keyboard.fileno()
        waiting = bool(select.select([descriptor], [], [], 0)[0])
        with suppress(termios.error):  # it is no terminal
            termios.tcflush(descriptor, termios.TCIFLUSH)
        return bool(get_typeahead(self._keyboard)) or waiting


def paste_bindings(more: list[str]) -> KeyBindings:
    """Let the first line that is pasted be edited, and the others wait in `more` for Enter.

    So a password among them goes to the prompt that asks for it, and is not seen before.
    """
    bindings = KeyBindings()

    @bindings.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        lines = pasted_lines(event.data)
        if not more:
            event.current_buffer.insert_text(lines.pop(0))
        more.extend(lines)

    return bindings


def keep_for_later(keyboard: Input, keys: Iterable[KeyPress]) -> None:
    """Have `keys` come before those that are typed ahead already."""
    store_typeahead(keyboard, [*keys, *get_typeahead(keyboard)])


def as_typed(lines: Iterable[str]) -> list[KeyPress]:
    """The keys that give each of these lines and Enter."""
    return [
        key
        for line in lines
        for key in (KeyPress(Keys.BracketedPaste, line), KeyPress(Keys.ControlM, "\r"))
    ]


def pasted_lines(text: str) -> list[str]:
    """The lines of what was pasted, wherever it was copied from; at least one."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _take(keys: deque[KeyPress], typed: list[str]) -> bool:
    """Let keys make up the answer until Enter; whether that came. Raises Stopped."""
    while keys:
        press = keys.popleft()
        if press.key in _ENTER:
            return True
        if press.key == Keys.BracketedPaste:
            first, *more = pasted_lines(press.data)
            typed.extend(first[: _LONGEST - len(typed)])
            keys.extendleft(reversed(as_typed(more)))
            if more or press.data.endswith(("\r", "\n")):
                return True
        elif press.key == Keys.ControlC or (press.key == Keys.ControlD and not typed):
            raise Stopped
        elif press.key in _ERASE:
            del typed[-1:]
        elif press.key in _ERASE_ALL:
            typed.clear()
        elif len(press.key) == 1 and len(typed) < _LONGEST:  # named keys are longer
            typed.append(press.key)
    return False
