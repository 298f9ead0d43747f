"""`python -m tracker TRACKER_INFO NUMBER`: run a tracker until it is stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from common.errors import MinitorrentError
from common.loading import loading
from common.text import harmless
from tracker.config import Config, read_config
from tracker.streams import abandon_stdout, prepare_streams

if TYPE_CHECKING:
    from tracker.app import TrackerApp

_CANNOT_START = 1
_USAGE = 2
_SWITCH_SECONDS = 0.0005
"""Thread switch interval: while one request computes, each step of another waits this long."""

_SIGNAL_SECONDS = 0.2  # another thread may receive the signal; we notice when we wake


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a tracker; return the process's exit status."""
    prepare_streams()
    try:
        config = read_config(sys.argv[1:] if arguments is None else arguments)
    except MinitorrentError as error:
        return _fail(error.message, _USAGE)
    return _run(config)


def _run(config: Config) -> int:
    sys.setswitchinterval(_SWITCH_SECONDS)
    os.umask(0o077)  # files are for the tracker's user only
    # Only a SimpleQueue can be filled by a handler that interrupts its own reader.
    ends: SimpleQueue[None] = SimpleQueue()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup it must outlive its terminal.
        if name != signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, lambda _number, _frame: ends.put(None))
    # Imported late, so that usage errors don't wait half a second.
    with loading():
        from tracker import console, logs
        from tracker.app import StartError, TrackerApp
        from tracker.store.unit_of_work import DatabaseError

    logs.configure(config.log_level, config.log_format)
    try:
        app = TrackerApp(config)
        app.start()
    except (StartError, DatabaseError) as error:
        return _fail(str(error), _CANNOT_START)
    _announce(config, app)
    console.watch_stdin(lambda: ends.put(None))
    _wait(ends)
    app.stop()
    return 0


def _wait(ends: SimpleQueue[None]) -> None:
    while True:
        with suppress(Empty):
            ends.get(timeout=_SIGNAL_SECONDS)
            return


def _announce(config: Config, app: TrackerApp) -> None:
    """Print the one line on stdout from which other programs know that the tracker is ready."""
    http = "" if app.http_address is None else f" (http {app.http_address})"
    try:
        sys.stdout.write(f"tracker {config.number} ready on {app.address}{http}\n")
        sys.stdout.flush()
    except OSError:  # no reader, or not writable: not a reason to stop
        abandon_stdout()


def _fail(message: str, status: int) -> int:
    with suppress(OSError):
        sys.stderr.write(f"minitorrent-tracker: {harmless(' '.join(message.split()))}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
