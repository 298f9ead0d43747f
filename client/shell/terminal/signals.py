"""Signal handling: Ctrl-C and termination are recorded, and acted on where it is safe."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, Self, TypeAlias

_ENDING = (signal.SIGTERM, signal.SIGHUP)

SignalHandler: TypeAlias = Callable[[int, FrameType | None], object] | int | None
"""What `signal.signal` takes and returns."""


class Stopped(BaseException):
    """A signal arrived while the program was waiting for input.

    Like KeyboardInterrupt it isn't an error, so it isn't caught by `except Exception`.
    """


class Stopping(Protocol):
    """What tells a program, or a part of it, to stop."""

    def stopped(self) -> bool:
        """Return whether the running command should stop as soon as it can."""

    def check(self) -> None:
        """Raise Stopped if the program has been asked to end."""

    def wait(self, descriptor: int | None = None) -> None:
        """Wait until `descriptor` is readable, or forever; raises Stopped on a signal."""


class Interrupts:
    """Records the signals that arrive inside its context; for the main thread only.

    A signal never interrupts a command: it is recorded, and long commands check for it. Only
    where the program merely waits, in `wait` and inside `interruptible`, does it raise Stopped.
    """

    def __init__(self, *, ctrl_c_ends: bool) -> None:
        self.ending = False
        """Whether the program has been asked to end."""
        self.on_end: Callable[[], None] | None = None
        """Called in the main thread when `ending` becomes true."""
        self._ctrl_c_ends = ctrl_c_ends
        self._command_stopped = False
        self._waiting = False
        self._before: dict[int, SignalHandler] = {}
        self._woken, self._waker = -1, -1
        self._waker_before = -1

    def __enter__(self) -> Self:
        # A signal that arrives just before a blocking call would not end the call, because Python
        # runs handlers only between its own instructions. So it also writes a byte to a pipe that
        # `wait` watches.
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._waker_before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGINT, *_ENDING):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup: the program must outlive its terminal
            self._before[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._waker_before)
        os.close(self._waker)
        os.close(self._woken)

    def forget_ctrl_c(self) -> None:
        """Forget a Ctrl-C: what it was meant for has ended."""
        self._command_stopped = False

    def stopped(self) -> bool:
        """Return whether the running command should stop as soon as it can."""
        return self.ending or self._command_stopped

    def check(self) -> None:
        """Raise Stopped if the program has been asked to end."""
        if self.ending:
            raise Stopped

    def wait(self, descriptor: int | None = None) -> None:
        """Wait until `descriptor` is readable, or forever; raises Stopped on a signal."""
        self.wait_for_any(*([] if descriptor is None else [descriptor]))

    def wait_for_any(self, *descriptors: int) -> Collection[int]:
        """Wait until some are readable, and return those; raises Stopped on a signal."""
        watched = [self._woken, *descriptors]
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)  # a prompt has removed it
        with self.interruptible():
            while True:
                ready, _, _ = select.select(watched, [], [])
                if self._woken in ready:
                    os.read(self._woken, 4096)
                if others := set(ready).intersection(descriptors):
                    return others

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Raise Stopped at once on a signal inside the context, or if one was recorded before."""
        self._waiting = True
        try:
            if self.stopped():
                raise Stopped
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
