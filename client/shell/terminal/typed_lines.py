"""What stdin has for a program without a prompt: lines, and secrets that are asked for."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from client.config import LONGEST_LINE
from client.shell.terminal.signals import Interrupts, Stopping

_READ_SIZE = 1 << 16


def stdin_lines(interrupts: Stopping) -> Iterator[bytes]:
    """Yield the lines of stdin as they arrive; raises Stopped on a signal.

    Yields nothing if stdin is a terminal and this process is a background job.
    """
    if sys.stdin is None:
        return
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    descriptor = sys.stdin.fileno()
    unread = b""
    while True:
        interrupts.wait(descriptor)
        try:
            read = os.read(descriptor, _READ_SIZE)
        except OSError:  # the terminal is gone, or not ours: that ends the input
            read = b""
        if not read:
            break
        *lines, unread = (unread + read).split(b"\n")
        yield from lines
        unread = unread[: LONGEST_LINE + 1]  # enough to detect that it is too long
    yield unread


def secret_prompt(interrupts: Interrupts) -> Callable[[str], str] | None:
    """Return a function that asks for a secret at the terminal; None if stdin isn't one."""
    return partial(ask_secret, interrupts) if is_typed() else None


def is_typed() -> bool:
    """Return whether stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask_secret(interrupts: Interrupts, prompt: str) -> str:
    """Ask at the terminal for one line that is never shown; raises Stopped."""
    from prompt_toolkit.input import create_input

    from client.shell.terminal.secret import SecretPrompt

    with Path("/dev/tty").open("w", encoding="utf-8") as terminal:

        def show(text: str) -> None:
            terminal.write(text)
            terminal.flush()

        return SecretPrompt(create_input(), show, interrupts).ask(prompt)
