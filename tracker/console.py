"""The operator's console: `quit` on standard input stops the tracker."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_STDIN = 0


def watch_stdin(on_quit: Callable[[], None]) -> None:
    """Call `on_quit` from a thread on a line `quit` or `exit`, but not at end of input.

    The thread can't be woken from its read, so it is a daemon; and it reads the descriptor instead
    of `sys.stdin`, whose lock it would hold while the interpreter exits.
    """
    threading.Thread(target=_watch, args=(on_quit,), name="console", daemon=True).start()


def _watch(on_quit: Callable[[], None]) -> None:
    rest = b""
    while True:
        try:
            data = os.read(_STDIN, 4096)
        except OSError:  # no standard input at all
            return
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        rest = rest[-64:]
        if any(line.strip() in {b"quit", b"exit"} for line in lines):
            on_quit()
            return
