"""An answer that is redrawn in place until the user ends it, as for show_downloads --watch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.output import Output
from pydantic import BaseModel

from client.shell.render import answer
from client.shell.terminal.foreground import Foreground
from client.shell.terminal.screen import Screen
from common.errors import MinitorrentError
from common.text import count, guarded

_INTERVAL = 1.0
"""Seconds between frames."""

_HINT = "Redrawn every second; Ctrl-C or q returns to the prompt"


class LiveView:
    """Shows an answer at a terminal, above the keyboard's cursor, and reads keys meanwhile."""

    def __init__(
        self, keyboard: Input, terminal: Output, foreground: Foreground, screen: Screen
    ) -> None:
        self._keyboard = keyboard
        self._terminal = terminal
        self._foreground = foreground
        self._screen = screen

    def watch(self, read: Callable[[], BaseModel]) -> None:
        """Show what `read` returns until the user presses Ctrl-C, Ctrl-D or q, or a signal comes.

        Nothing of it stays on the screen.
        """

        def frame() -> ANSI:
            size = self._terminal.get_size()
            return ANSI(frame_text(read, replace(self._screen, width=size.columns), size.rows))

        window = Window(FormattedTextControl(frame), wrap_lines=False, dont_extend_height=True)
        app = Application[None](
            layout=Layout(window),
            key_bindings=_bindings(),
            refresh_interval=_INTERVAL,
            erase_when_done=True,
            input=self._keyboard,
            output=self._terminal,
        )
        with self._foreground.taken_by(app), suppress(EOFError):  # a signal ended it
            app.run()


def frame_text(read: Callable[[], BaseModel], screen: Screen, rows: int) -> str:
    """Return one frame: the answer, cut to the screen, and how to end it."""
    try:
        lines = guarded(answer(None, read(), screen)).split("\n")
    except MinitorrentError as error:
        lines = [screen.shown(error.message)]
    room = max(1, rows - 2)
    if len(lines) > room:
        lines[room - 1 :] = [f"and {count(len(lines) - room + 1, 'more line')}"]
    return "\n".join([*lines, screen.shown(_HINT)[: screen.width]])


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add(Keys.ControlC)
    @bindings.add(Keys.ControlD)
    @bindings.add(Keys.SIGINT)
    @bindings.add("q")
    def _(event: KeyPressEvent) -> None:
        event.app.exit()

    @bindings.add(Keys.ControlZ)
    def _(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    return bindings
