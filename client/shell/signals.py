"""Ctrl-C and requests to end, as facts that the shell looks at where it is safe to stop."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

_ENDING = (signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal came while the program was waiting for somebody to type.

    Like KeyboardInterrupt it is nobody's error, so it passes through handlers of errors.
    """


class Interrupts:
    """Notes the signals that arrive inside its context; for the main thread.

    A signal never breaks into a command: it is noted, and commands that take long ask. Only
    where nothing but waiting happens, in `wait` and inside `interruptible`, it raises Stopped.
    """

    def __init__(self, *, ctrl_c_ends: bool) -> None:
        self.ending = False
        """The program is to end."""
        self.on_end: Callable[[], None] | None = None
        """Called in the main thread when that becomes so."""
        self._ctrl_c_ends = ctrl_c_ends
        self._command_stopped = False
        self._waiting = False
        self._before: dict[int, object] = {}
        self._woken, self._waker = -1, -1
        self._waker_before = -1

    def __enter__(self) -> Self:
        # A signal that comes just before a blocking call would not end it: Python runs handlers
        # between its own instructions only. So it writes a byte to a pipe that `wait` looks at.
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._waker_before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGINT, *_ENDING):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup: it is to outlive its terminal
            self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._waker_before)
        os.close(self._waker)
        os.close(self._woken)

    def begin_command(self) -> None:
        """Forget a Ctrl-C that came before this command."""
        self._command_stopped = False

    def stopped(self) -> bool:
        """Whether the running command should stop as soon as it can."""
        return self.ending or self._command_stopped

    def check(self) -> None:
        """Raise Stopped if the program is to end."""
        if self.ending:
            raise Stopped

    def wait(self, descriptor: int | None = None) -> None:
        """Wait until there is something to read, or for ever; raises Stopped on a signal."""
        watched = [self._woken] if descriptor is None else [self._woken, descriptor]
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)  # a prompt took it away
        with self.interruptible():
            while True:
                ready, _, _ = select.select(watched, [], [])
                if self._woken in ready:
                    os.read(self._woken, 4096)
                if descriptor in ready:
                    return

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Inside, a signal raises Stopped at once; so does one that was noted before."""
        self._waiting = True
        try:
            self.check()
            yield
        finally:
            self._waiting = False

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and not self._ctrl_c_ends:
            self._command_stopped = True
        else:
            self.ending = True
            if self.on_end is not None:
                self.on_end()
        if self._waiting:
            self._waiting = False
            raise Stopped
