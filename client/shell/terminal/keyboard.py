"""The terminal's settings while commands run."""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self, TypeAlias

from client.shell.terminal.signals import SignalHandler

_Attributes: TypeAlias = list[Any]
"""What termios.tcgetattr returns: numbers, and a list of control characters."""

_LOCAL_FLAGS = 3  # their place in what termios.tcgetattr returns
_LOUD = termios.ECHO | termios.ICANON  # echo, and line editing by the terminal


class Keyboard:
    """Keeps input typed while a command runs for the next prompt, which echoes it itself.

    Inside the context nothing is echoed, and Ctrl-D is kept like any other key; Ctrl-C still
    interrupts. After Ctrl-Z the user's shell changes the terminal's settings, so they are set
    again when the program continues; otherwise a password would be echoed. Does nothing if stdin
    isn't a terminal, or if this process runs in the background.
    """

    def __init__(self) -> None:
        self._before: _Attributes | None = None
        self._quiet: _Attributes | None = None
        self._wanted: _Attributes | None = None
        self._on_continue: SignalHandler = signal.SIG_DFL

    def __enter__(self) -> Self:
        if _is_ours():
            self._before = termios.tcgetattr(sys.stdin)
            self._quiet = list(self._before)
            self._quiet[_LOCAL_FLAGS] &= ~_LOUD
            self._on_continue = signal.signal(signal.SIGCONT, self._continued)
            self._set(self._quiet)
        return self

    def __exit__(self, *_: object) -> None:
        self._set(self._before)
        if self._before is not None:
            signal.signal(signal.SIGCONT, self._on_continue)

    @contextmanager
    def line_by_line(self) -> Iterator[None]:
        """Restore the terminal's usual line editing and echo inside the context."""
        self._set(self._before)
        try:
            yield
        finally:
            self._set(self._quiet)

    def _continued(self, _number: int, _frame: FrameType | None) -> None:
        """Turn echo off again after SIGCONT, unless it is off already, as at the prompt."""
        if self._wanted is self._quiet and _is_ours():
            with suppress(termios.error):  # the terminal is gone
                if termios.tcgetattr(sys.stdin)[_LOCAL_FLAGS] & _LOUD:
                    self._set(self._quiet)

    def _set(self, attributes: _Attributes | None) -> None:
        self._wanted = attributes
        if attributes is not None and _is_ours():
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(sys.stdin, termios.TCSANOW, attributes)


def _is_ours() -> bool:
    """Return whether stdin is a terminal and this process is in its foreground."""
    if sys.stdin is None or sys.stdin.closed:
        return False
    with suppress(OSError):  # not a terminal, or it is gone
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    return False
