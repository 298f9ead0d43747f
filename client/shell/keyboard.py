"""The terminal's settings while nobody is asked for anything, and while a secret is asked for."""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from client.shell.signals import Interrupts, Stopped

_LOCAL_FLAGS = 3
_LONGEST_LINE = 4096


class Keyboard:
    """Keeps what is typed while a command runs for the next prompt, which shows it itself.

    Inside its context nothing is echoed and Ctrl-D is kept like any other key; Ctrl-C still
    interrupts. Without a terminal on stdin it does nothing.
    """

    def __init__(self) -> None:
        self._before: list[Any] | None = None
        self._quiet: list[Any] | None = None

    def __enter__(self) -> Self:
        if sys.stdin is not None and sys.stdin.isatty():
            self._before = termios.tcgetattr(sys.stdin)
            self._quiet = list(self._before)
            self._quiet[_LOCAL_FLAGS] &= ~(termios.ECHO | termios.ICANON)
            self._set(self._quiet)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._set(self._before)

    @contextmanager
    def line_by_line(self) -> Iterator[None]:
        """Inside, lines can be edited and are read whole, as other programs expect."""
        self._set(self._before)
        try:
            yield
        finally:
            self._set(self._quiet)

    def _set(self, attributes: list[Any] | None) -> None:
        if attributes is not None:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(sys.stdin, termios.TCSANOW, attributes)


def ask_secret(prompt: str, interrupts: Interrupts) -> str:
    """Let a line be typed at the terminal without echo; raises Stopped on a signal and Ctrl-D.

    Unlike getpass it waits in `interrupts.wait`: a Ctrl-C just before the read would not end it.
    """
    terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    before = termios.tcgetattr(terminal)
    hidden = list(before)
    hidden[_LOCAL_FLAGS] &= ~termios.ECHO
    try:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
        os.write(terminal, prompt.encode())
        interrupts.wait(terminal)
        line = os.read(terminal, _LONGEST_LINE)
    finally:
        with suppress(termios.error, OSError):  # the terminal is gone
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
            os.write(terminal, b"\n")
        os.close(terminal)
    if not line:
        raise Stopped
    return line.decode(errors="replace").rstrip("\n")
