"""Prompts for secrets: neither what is typed nor what was typed ahead is ever shown."""

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

from client.shell.terminal.signals import Interrupts, Stopped

_LONGEST = 4096
"""The maximum length of an answer in characters; the rest is dropped."""

_ENTER = (Keys.ControlM, Keys.ControlJ)
_ERASE = (Keys.ControlH, Keys.Delete)
_ERASE_ALL = (Keys.ControlU, Keys.ControlW)


class SecretPrompt:
    """Prompts at a terminal inside a `Keyboard`, so that nothing is echoed.

    The answer never enters an editor, so no history, search or clipboard contains it. `show`
    writes to the terminal.
    """

    def __init__(
        self, keyboard: Input, show: Callable[[str], None], interrupts: Interrupts
    ) -> None:
        self._keyboard = keyboard
        self._show = show
        self._interrupts = interrupts

    def ask(self, prompt: str) -> str:
        """Return one line. Raises Stopped on Ctrl-C, Ctrl-D, a signal, or without a terminal.

        Keys typed before the prompt count, in order; those after Enter are kept for the next
        prompt. When it raises, everything typed ahead is discarded: it may be secret.
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
        """Discard what was typed ahead; return whether there was anything."""
        descriptor = self._keyboard.fileno()
        waiting = bool(select.select([descriptor], [], [], 0)[0])
        with suppress(termios.error):  # not a terminal
            termios.tcflush(descriptor, termios.TCIFLUSH)
        return bool(get_typeahead(self._keyboard)) or waiting


def paste_bindings(more: list[str], mend: Callable[[str, str], str]) -> KeyBindings:
    """Insert the first pasted line for editing, and keep the others in `more` until Enter.

    A password among them then goes to the prompt that asks for it, and is never shown. `mend` is
    called with the text before the cursor and the pasted text, whose lines may not be lines.
    """
    bindings = KeyBindings()

    @bindings.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        before = "" if more else buffer.document.text_before_cursor
        lines = pasted_lines(mend(before, event.data))
        if not more:
            buffer.insert_text(lines.pop(0))
        more.extend(lines)

    return bindings


def keep_for_later(keyboard: Input, keys: Iterable[KeyPress]) -> None:
    """Put `keys` in front of those typed ahead already."""
    store_typeahead(keyboard, [*keys, *get_typeahead(keyboard)])


def as_typed(lines: Iterable[str]) -> list[KeyPress]:
    """Return the key presses for each of these lines followed by Enter."""
    return [
        key
        for line in lines
        for key in (KeyPress(Keys.BracketedPaste, line), KeyPress(Keys.ControlM, "\r"))
    ]


def pasted_lines(text: str) -> list[str]:
    """Split pasted text with any kind of line ends into lines; returns at least one."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _take(keys: deque[KeyPress], typed: list[str]) -> bool:
    """Add keys to the answer up to Enter; return whether Enter was among them. Raises Stopped."""
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
