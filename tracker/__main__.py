"""`python -m tracker TRACKER_INFO NUMBER`: run a tracker until it is stopped; or a subcommand."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from common.errors import ErrorCode, MinitorrentError
from common.process.loading import loading
from common.process.streams import abandon_stdout, prepare_streams
from common.text import harmless
from tracker.command_line import read_config
from tracker.config import Config
from tracker.operator import registry
from tracker.operator.subcommand import CommandFailedError
from tracker.options import USUAL_DRAIN

if TYPE_CHECKING:
    from tracker.app import TrackerApp

_FAILED = 1
_USAGE = 2
_STDIN = 0
_STOP, _DRAIN = "stop", "drain"
_TYPED = {b"quit": _STOP, b"exit": _STOP, b"drain": _DRAIN}
_LONGEST_COMMAND = 64  # bytes kept of a line typed so far
_SWITCH_SECONDS = 0.0005
"""Thread switch interval: while one request computes, each step of another waits this long."""

_SIGNAL_SECONDS = 0.2  # another thread may receive the signal; we notice when we wake


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a tracker or a subcommand; return the process's exit status."""
    prepare_streams()
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if registry.is_called(words):
            os.umask(0o077)  # what it writes is for the operator only, unless meant for others
            # It must have the time to remove what it hasn't finished.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            return _print(registry.run(words))
        config = read_config(words)
    except MinitorrentError as error:
        return _fail(error.message, _USAGE if error.code is ErrorCode.USAGE else _FAILED)
    except CommandFailedError as error:
        return _fail(str(error), _FAILED)
    except KeyboardInterrupt:
        return _fail("interrupted", _FAILED)
    return _run(config)


def _run(config: Config) -> int:
    sys.setswitchinterval(_SWITCH_SECONDS)
    os.umask(0o077)  # files are for the tracker's user only
    wishes = _Wishes()
    # Imported late, so that usage errors don't wait half a second.
    with loading():
        from common.process.logs import logging_to
        from tracker.app import StartError, TrackerApp
        from tracker.store.database.errors import DatabaseError

    with logging_to(sys.stderr, config.log_level, config.log_format, colors=sys.stderr.isatty()):
        try:
            app = TrackerApp(config)
            app.start()
        except (StartError, DatabaseError) as error:
            return _fail(str(error), _FAILED)
        _announce(config, app)
        _watch_stdin(wishes.put)
        seconds = _drain_seconds(config, wishes.wait())
        if seconds:
            app.drain(wishes.nobody_hurries(seconds))
        app.stop()
    return 0


def _drain_seconds(config: Config, wish: str) -> int:
    """Return the longest time to hand clients over, 0 for not at all."""
    if wish == _DRAIN:
        return config.drain or USUAL_DRAIN
    return config.drain or 0


class _Wishes:
    """What the operator wants of the running tracker: to stop, or first to hand clients over."""

    def __init__(self) -> None:
        # Only a SimpleQueue can be filled by a handler that interrupts its own reader.
        self._wishes: SimpleQueue[str] = SimpleQueue()
        self.put = self._wishes.put
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup it must outlive its terminal.
            if name != signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:
                signal.signal(name, lambda _number, _frame: self.put(_STOP))
        signal.signal(signal.SIGUSR1, lambda _number, _frame: self.put(_DRAIN))

    def wait(self) -> str:
        """Return the next wish."""
        while True:
            with suppress(Empty):
                return self._wishes.get(timeout=_SIGNAL_SECONDS)

    def nobody_hurries(self, seconds: float) -> Callable[[float], bool]:
        """Return a function that waits, and returns False after a wish to stop, or in the end."""
        deadline = time.monotonic() + seconds

        def wait(pause: float) -> bool:
            with suppress(Empty):
                return self._wishes.get(timeout=pause) != _STOP
            return time.monotonic() < deadline

        return wait


def _watch_stdin(put: Callable[[str], None]) -> None:
    """Take wishes from a thread: a line `quit` or `exit`, or `drain`; the end of input is none.

    The thread can't be woken from its read, so it is a daemon; and it reads the descriptor instead
    of `sys.stdin`, whose lock it would hold while the interpreter exits.
    """
    threading.Thread(target=_read_stdin, args=(put,), name="console", daemon=True).start()


def _read_stdin(put: Callable[[str], None]) -> None:
    rest = b""
    while True:
        try:
            data = os.read(_STDIN, 4096)
        except OSError:  # no standard input at all
            return
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        rest = rest[-_LONGEST_COMMAND:]
        for line in lines:
            if (wish := _TYPED.get(line.strip())) is not None:
                put(wish)


def _announce(config: Config, app: TrackerApp) -> None:
    """Print the one line on stdout from which other programs know that the tracker is ready."""
    http = "" if app.http_address is None else f" (http {app.http_address})"
    _print(f"tracker {config.number} ready on {app.address}{http}")


def _print(text: str) -> int:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:  # no reader, or not writable: not a reason to stop
        abandon_stdout()
    return 0


def _fail(message: str, status: int) -> int:
    with suppress(OSError):
        sys.stderr.write(f"minitorrent-tracker: {harmless(' '.join(message.split()))}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
