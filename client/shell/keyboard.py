"""The terminal's settings while nobody is asked for anything."""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self

_LOCAL_FLAGS = 3
_LOUD = termios.ECHO | termios.ICANON


class Keyboard:
    """Keeps what is typed while a command runs for the next prompt, which shows it itself.

    Inside its context nothing is echoed and Ctrl-D is kept like any other key; Ctrl-C still
    interrupts. Ctrl-Z gives the terminal to the shell, which changes its settings: they are set
    again when the program goes on, or a password would be seen. Without a terminal on stdin it
    does nothing, nor when that is in other hands: this is a background job.
    """

    def __init__(self) -> None:
        self._before: list[Any] | None = None
        self._quiet: list[Any] | None = None
        self._wanted: list[Any] | None = None
        self._on_continue: Any = signal.SIG_DFL

    def __enter__(self) -> Self:
        if _is_ours():
            self._before = termios.tcgetattr(sys.stdin)
            self._quiet = list(self._before)
            self._quiet[_LOCAL_FLAGS] &= ~_LOUD
            self._on_continue = signal.signal(signal.SIGCONT, self._continued)
            self._set(self._quiet)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._set(self._before)
        if self._before is not None:
            signal.signal(signal.SIGCONT, self._on_continue)

    @contextmanager
    def line_by_line(self) -> Iterator[None]:
        """Inside, lines can be edited and are read whole, as other programs expect."""
        self._set(self._before)
        try:
            yield
        finally:
            self._set(self._quiet)

    def _continued(self, _number: int, _frame: FrameType | None) -> None:
        """Set the terminal again, unless what runs in it is as quiet already, as the prompt is."""
        if self._wanted is self._quiet and _is_ours():
            with suppress(termios.error):  # the terminal is gone
                if termios.tcgetattr(sys.stdin)[_LOCAL_FLAGS] & _LOUD:
                    self._set(self._quiet)

    def _set(self, attributes: list[Any] | None) -> None:
        self._wanted = attributes
        if attributes is not None and _is_ours():
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(sys.stdin, termios.TCSANOW, attributes)


def _is_ours() -> bool:
    """Whether stdin is a terminal that belongs to this process's job."""
    if sys.stdin is None or sys.stdin.closed:
        return False
    with suppress(OSError):  # it is no terminal, or gone
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    return False
