"""What a program says to the client that carries out its commands, and prints for it."""

from __future__ import annotations

import select
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Final

from client.control import protocol
from client.control.running_client import RunningClient, line_message
from client.shell.terminal.signals import Interrupts, Stopped
from common.process.streams import abandon_stdout
from common.text import count, guarded

_FAILURE: Final = 1

_NO_WRAP: Final = "\x1b[?7l"
"""Has the terminal cut what is too long for a line, if it has become narrower meanwhile."""

_WRAP: Final = "\x1b[?7h"

_CANCEL_TIME: Final = 5.0
"""Seconds in which a stopped command has to answer."""


class Conversation:
    """Sends lines to a running client and prints its answers.

    While this program waits for its own input, answers and notices are printed as they arrive.
    `ask` prompts for a secret; None if there is no terminal.
    """

    def __init__(
        self,
        client: RunningClient,
        interrupts: Interrupts,
        ask: Callable[[str], str] | None = None,
    ) -> None:
        self._client = client
        self._interrupts = interrupts
        self._ask = ask
        self._messages: list[protocol.Message] = []
        self._has_lines = True
        self._frame_rows = 0
        self.ends_client = False
        """Whether the running client ends after the commands."""

    def run(self, start: protocol.Start, lines: Iterable[bytes]) -> int:
        """Hand over the lines, which wait for input by `wait`; return the exit status."""
        try:
            self._client.send(start)
            return self._converse(iter(lines))
        except Stopped:
            return self._cancel()
        except BrokenPipeError:
            abandon_stdout()
            return 0
        except OSError as error:
            abandon_stdout()
            note(f"error: Can't write answers: {error.strerror}.")
            return _FAILURE

    def _converse(self, lines: Iterator[bytes]) -> int:
        while True:
            message = self._next()
            if isinstance(message, protocol.Ready):
                line = next(lines, None)
                self._has_lines = line is not None
                self._client.send(protocol.End() if line is None else line_message(line))
            elif isinstance(message, protocol.Question) and self._ask is not None:
                self._client.send(protocol.Secret(self._ask(message.prompt)))
            elif isinstance(message, protocol.Exit):
                self.ends_client = message.client_ends
                return message.status

    def _next(self) -> protocol.Message:
        """Return the next message that isn't only to be printed."""
        while not self._messages:
            self._take(self._client.receive(self._interrupts.wait))
        return self._messages.pop(0)

    def _take(self, message: protocol.Message) -> None:
        if isinstance(message, protocol.Frame):
            self._show(message.text)
            return
        if self._frame_rows:
            self._show("")
        if isinstance(message, protocol.Printed):
            _print(message)
        else:
            self._messages.append(message)

    def _show(self, text: str) -> None:
        """Show a frame in place of the one before; "" erases that."""
        lines = cut_to_screen(guarded(text), shutil.get_terminal_size().lines) if text else []
        up = f"\x1b[{self._frame_rows}A" if self._frame_rows else ""
        self._frame_rows = len(lines)
        shown = "".join(f"{line}\n" for line in lines)
        sys.stdout.write(f"{up}\r\x1b[J{_NO_WRAP}{shown}{_WRAP}")
        sys.stdout.flush()

    # --- see client.shell.terminal.signals.Stopping -----------------------------------------
    def stopped(self) -> bool:
        """Return whether a signal has arrived."""
        return self._interrupts.stopped()

    def check(self) -> None:
        """Raise Stopped if it has."""
        self._interrupts.check()

    def wait(self, descriptor: int | None = None) -> None:
        """Wait until `descriptor` is readable, and print what arrives meanwhile."""
        ready: Collection[int] = ()
        mine = [] if descriptor is None else [descriptor]
        while descriptor not in ready:
            ready = self._interrupts.wait_for_any(self._client.fileno(), *mine)
            if self._client.fileno() in ready:
                self._take(self._client.receive())
                while self._client.has_received:
                    self._take(self._client.receive())

    def _cancel(self) -> int:
        """Have the running client stop; return the exit status."""
        end = time.monotonic() + _CANCEL_TIME

        def until_end(descriptor: int) -> None:
            left = max(0.0, end - time.monotonic())
            if not select.select([descriptor], [], [], left)[0]:
                raise Stopped

        status = _FAILURE
        with suppress(Stopped, OSError):
            self._client.send(protocol.Cancel())
            while not isinstance(message := self._client.receive(until_end), protocol.Exit):
                self._take(message)
            status = message.status
        if not self._has_lines:
            note("The downloads continue in the running client.")
        return status


def _print(message: protocol.Printed) -> None:
    """Print what the running client has printed. Raises BrokenPipeError as `print` does."""
    if not message.is_error:
        sys.stdout.write(message.text)
        sys.stdout.flush()
        return
    note(message.text, end="")


def note(text: str, end: str = "\n") -> None:
    with suppress(OSError):  # nobody reads stderr
        sys.stderr.write(text + end)
        sys.stderr.flush()


def cut_to_screen(text: str, rows: int) -> list[str]:
    """Return as many lines of a frame as fit on the screen, and how to end it."""
    lines, room = text.split("\n"), max(1, rows - 2)
    if len(lines) > room:
        lines[room - 1 :] = [f"and {count(len(lines) - room + 1, 'more line')}"]
    return [*lines, "Redrawn every second; Ctrl-C ends it"]
