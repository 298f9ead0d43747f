"""Hands the commands of this program to the client that runs on its data folder already."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from client.config import LOCK_NAME, ClientConfig
from client.control import protocol
from client.control.address import SOCKET_NAME
from client.control.conversation import Conversation, note
from client.control.running_client import RunningClient, start_message
from client.shell.terminal.screen import screen_of
from client.shell.terminal.signals import Interrupts
from client.shell.terminal.typed_lines import secret_prompt, stdin_lines
from common.errors import ErrorCode, MinitorrentError

_PATIENCE: Final = 15.0
"""Seconds that a client may take to start, to end, or to have room for one more."""

_PATIENCE_WITHOUT_SOCKET: Final = 1.0
"""The same for one without a socket, which may be of an older version."""

_RETRY_EVERY: Final = 0.05
_LONGEST_END: Final = 30.0
"""Seconds that a client may take to end."""

_PAGE_HINT: Final = "its page opens with: minitorrent open"
_START_ONLY: Final = {
    "web": _PAGE_HINT,
    "web_any": _PAGE_HINT,
    "web_renew": _PAGE_HINT,
    "active": "use: -c 'settings active N'",
}
"""Options that only have a meaning when a client starts, and what to do instead."""


def require_applicable(options: argparse.Namespace) -> None:
    """Raise MinitorrentError(usage) for options that a running client can't follow."""
    for name, hint in _START_ONLY.items():
        value = getattr(options, name, None)
        if value is not None and value is not False:
            option = "--" + name.replace("_", "-")
            raise MinitorrentError(
                ErrorCode.USAGE,
                f"{option} can't change the client that is already running on this data folder;"
                f" {hint}",
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

    The other client may be starting, ending, or used by too many just now. Raises MinitorrentError
    when it still accepts no commands after some time, since this moment on the monotonic clock.
    """
    waited = time.monotonic() - since
    try:
        running = RunningClient.on(folder)
    except MinitorrentError as error:
        if error.code is not ErrorCode.BUSY or waited > _PATIENCE:
            raise
        running = None
    if running is not None:
        return running
    patience = _PATIENCE if (folder / SOCKET_NAME).exists() else _PATIENCE_WITHOUT_SOCKET
    if waited > patience:
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
    is_told_how = options.listen is not None
    found = differences(running.greeting, config) if is_told_how else []
    if options.stay:
        found.append("it stays anyway")
    if found:
        note(f"note: A client is already running on this data folder: {'; '.join(found)}.")
    given = options.commands

    ask = secret_prompt(interrupts)
    start = start_message(
        as_json=options.json,
        stay=options.stay,
        can_ask=ask is not None,
        quit_ends_client=given is not None and len(given) == 1,
        out=screen_of(sys.stdout),
        err=screen_of(sys.stderr),
    )
    conversation = Conversation(running, interrupts, ask)
    lines = stdin_lines(conversation) if given is None else map(os.fsencode, given)
    status = conversation.run(start, lines)
    if conversation.ends_client:
        wait_for_end(config.data_dir)
    return status


def wait_for_end(folder: Path) -> None:
    """Wait until the client has left the data folder, so that another one can start on it."""
    from filelock import FileLock, Timeout

    with suppress(Timeout), FileLock(folder / LOCK_NAME, timeout=_LONGEST_END, mode=0o600):
        pass
