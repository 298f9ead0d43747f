"""Hands the commands of this program to the client that runs on its data folder already."""

from __future__ import annotations

import argparse
import os
import select
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from client.config import LOCK_NAME, ClientConfig
from client.control import protocol
from client.control.address import SOCKET_NAME
from client.control.running_client import RunningClient, line_message, start_message
from client.shell.terminal.screen import screen_of
from client.shell.terminal.signals import Interrupts, Stopped
from client.shell.terminal.typed_lines import secret_prompt, stdin_lines
from common.errors import ErrorCode, MinitorrentError
from common.process.streams import abandon_stdout
from common.text import harmless

_FAILURE: Final = 1

_PATIENCE: Final = 15.0
"""Seconds that a client may take to start or to end, in which it answers nobody."""

_PATIENCE_WITHOUT_SOCKET: Final = 1.0
"""The same for one without a socket, which may be of an older version."""

_RETRY_EVERY: Final = 0.05
_LONGEST_END: Final = 30.0
"""Seconds that a client may take to end."""

_CANCEL_TIME: Final = 5.0
"""Seconds in which a stopped command has to answer."""

_START_ONLY: Final = ("web", "web_any", "web_renew", "active")
"""Options that only have a meaning when a client starts."""


def require_applicable(options: argparse.Namespace) -> None:
    """Raise MinitorrentError(usage) for options that a running client can't follow."""
    for name in _START_ONLY:
        if getattr(options, name, None) not in (None, False):
            option = "--" + name.replace("_", "-")
            hint = "its page opens with: open" if "web" in name else "quit it first"
            raise MinitorrentError(
                ErrorCode.USAGE,
                f"{option} has no effect on the client that is running on this data folder; {hint}",
            )


def differences(greeting: protocol.Greeting, config: ClientConfig) -> list[str]:
    """Return in which respects the running client was started otherwise."""
    found = []
    if greeting.listen != str(config.listen):
        found.append(f"it accepts peers at {greeting.listen}, not at {config.listen}")
    if set(greeting.trackers) != set(map(str, config.trackers)):
        found.append(f"its trackers are {', '.join(greeting.trackers)}")
    return found


def find(folder: Path, since: float) -> RunningClient | None:
    """Return the client that runs on a data folder; None to try again to use the folder oneself.

    The other client may be starting or ending just now. Raises MinitorrentError when it still
    accepts no commands after some time, since this moment on the monotonic clock.
    """
    running = RunningClient.on(folder)
    if running is not None:
        return running
    patience = _PATIENCE if (folder / SOCKET_NAME).exists() else _PATIENCE_WITHOUT_SOCKET
    if time.monotonic() - since > patience:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"Another client is using {folder}, but accepts no commands from here; quit it, or "
            "choose another --data-dir.",
        )
    time.sleep(_RETRY_EVERY)
    return None


def hand_over(
    running: RunningClient,
    config: ClientConfig,
    options: argparse.Namespace,
    interrupts: Interrupts,
) -> int:
    """Hand the commands over; returns the exit status."""
    require_applicable(options)
    found = differences(running.greeting, config)
    if found:
        _note(f"note: A client runs on this data folder already, and {' and '.join(found)}.")
    given = options.commands

    def lines(handing: HandOver) -> Iterable[bytes]:
        return stdin_lines(handing) if given is None else map(os.fsencode, given)

    handing = HandOver(running, interrupts, secret_prompt(interrupts))
    status = handing.run(lines, options)
    if handing.ends_client:
        wait_for_end(config.data_dir)
    return status


def wait_for_end(folder: Path) -> None:
    """Wait until the client has left the data folder, so that another one can start on it."""
    from filelock import FileLock, Timeout

    with suppress(Timeout), FileLock(folder / LOCK_NAME, timeout=_LONGEST_END, mode=0o600):
        pass


class HandOver:
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
        self.ends_client = False
        """Whether the running client ends after the commands."""

    def run(self, lines: Callable[[HandOver], Iterable[bytes]], options: argparse.Namespace) -> int:
        """Hand over the lines, which wait for input by `wait`; return the exit status."""
        given = options.commands
        start = start_message(
            as_json=options.json,
            stay=options.stay,
            can_ask=self._ask is not None,
            quit_ends_client=given is not None and len(given) == 1,
            out=screen_of(sys.stdout),
            err=screen_of(sys.stderr),
        )
        try:
            self._client.send(start)
            return self._converse(iter(lines(self)))
        except Stopped:
            return self._cancel()
        except BrokenPipeError:
            abandon_stdout()
            return 0
        except OSError as error:
            abandon_stdout()
            _print_error(f"Can't write answers: {error.strerror}.")
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
        if isinstance(message, protocol.Printed):
            _print(message)
        else:
            self._messages.append(message)

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

        if not self._has_lines:
            _note("The downloads continue in the running client.")
        with suppress(Stopped, OSError):
            self._client.send(protocol.Cancel())
            while not isinstance(message := self._client.receive(until_end), protocol.Exit):
                self._take(message)
            return message.status
        return _FAILURE


def _print(message: protocol.Printed) -> None:
    """Print what the running client has printed. Raises BrokenPipeError as `print` does."""
    if not message.is_error:
        sys.stdout.write(message.text)
        sys.stdout.flush()
        return
    _note(message.text, end="")


def _note(text: str, end: str = "\n") -> None:
    with suppress(OSError):  # nobody reads stderr
        sys.stderr.write(text + end)
        sys.stderr.flush()


def _print_error(message: str) -> None:
    _note(f"error: {harmless(message)}")
