"""Starts a client from the command line; `client.assembly` puts its parts together."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from client import command_line
from client.command_line import CONSOLE_SCRIPT, FAILURE, NO_TRACKER, SUCCESS, USAGE
from client.config import DEFAULT_TIMING, ClientConfig, Timing
from client.shell.terminal.keyboard import Keyboard
from client.shell.terminal.signals import Interrupts, Stopped
from client.start import Start, folder_of, read_start, remember
from client.storage.paths.writing import open_to_append
from common.errors import ErrorCode, MinitorrentError
from common.process.loading import loading
from common.process.streams import prepare_streams
from common.text import harmless

if TYPE_CHECKING:
    from client.control.page import Page
    from client.control.running_client import RunningClient
    from client.control.server import ControlServer
    from client.oneshot.actions import Action
    from client.services.api import SessionApi

_STATUS = {ErrorCode.USAGE: USAGE, ErrorCode.TRACKER_UNREACHABLE: NO_TRACKER}
"""The exit statuses of errors other than FAILURE."""


def main(argv: Sequence[str] | None = None, timing: Timing = DEFAULT_TIMING) -> int:
    """Run a client; returns the exit status."""
    prepare_streams()
    options = command_line.parse(sys.argv[1:] if argv is None else argv)
    if options.action == "open":
        return _open_page(options)
    is_interactive = _is_interactive(options)
    try:
        start = read_start(options, timing, _ask if _may_ask(options) else None)
    except MinitorrentError as error:
        return _refuse(error, USAGE)
    except Stopped:
        return FAILURE
    try:
        status = _run_locked(start, options, is_interactive=is_interactive)
    except MinitorrentError as error:
        _forget_receiving(start, options, error.code is ErrorCode.INVITE_INVALID)
        return _refuse(error, _STATUS.get(error.code, FAILURE))
    except Stopped:
        return FAILURE
    _forget_receiving(start, options, status == SUCCESS)
    return status


def _open_page(options: argparse.Namespace) -> int:
    """Open the page of the client that is running; returns the exit status."""
    from client.control.open_page import open_page

    try:
        open_page(folder_of(options).absolute())
    except MinitorrentError as error:
        return _refuse(error, _STATUS.get(error.code, FAILURE))
    return SUCCESS


def _run_locked(start: Start, options: argparse.Namespace, *, is_interactive: bool) -> int:
    """Run on the data folder, alone, or hand the commands to the client that runs there."""
    from client.control.data_folder import FolderInUseError, listening_in, locked
    from client.control.hand_over import find

    config, began = start.config, time.monotonic()
    with Interrupts(ctrl_c_ends=not is_interactive) as interrupts, Keyboard() as keyboard:
        while True:
            try:
                with (
                    locked(config.data_dir),
                    _logging(config, to_file=is_interactive),
                    listening_in(config.data_dir) as control,
                ):
                    return _run(start, options, interrupts, keyboard, control)
            except FolderInUseError as error:
                if options.action == "receive":
                    raise MinitorrentError(
                        error.code, "This invitation is being received already by another client."
                    ) from None
                if is_interactive and options.action == "run":
                    raise
            running = find(config.data_dir, began)
            if running is not None:
                with running:
                    return _run_elsewhere(running, start, options, interrupts)


def _run_elsewhere(
    running: RunningClient, start: Start, options: argparse.Namespace, interrupts: Interrupts
) -> int:
    """Have the client that runs on the data folder do what the user wants."""
    from client.control.hand_over import hand_over

    if options.action == "send":
        from client.oneshot.actions import send_with
        from client.shell.output import Output

        return send_with(running, options, Output(), interrupts)
    if start.invitation is not None:
        options.commands = [f"join {start.invitation}", *(options.commands or [])]
    return hand_over(running, start.config, options, interrupts)


def _forget_receiving(start: Start, options: argparse.Namespace, is_over: bool) -> None:
    """Delete the data folder of an invitation when everything is received, or it has ended."""
    if options.action == "receive" and is_over:
        shutil.rmtree(start.config.data_dir, ignore_errors=True)


def _remember(start: Start) -> None:
    """Remember this start; if that fails, the client runs all the same."""
    try:
        remember(start)
    except MinitorrentError as error:
        _refuse(error, SUCCESS)


def _ask(prompt: str) -> str:
    from client.shell.terminal.questions import ask_line

    return ask_line(prompt)


def _refuse(error: MinitorrentError, status: int) -> int:
    """Print why the client can't start or continue; returns `status`."""
    line = harmless(" ".join(error.message.split()))
    with suppress(OSError):  # nobody reads stderr
        sys.stderr.write(f"{CONSOLE_SCRIPT}: {line}\n")
    return status


def _is_interactive(options: argparse.Namespace) -> bool:
    """Return whether the user types commands at a prompt."""
    is_prompt = options.action in ("run", "join") and options.commands is None
    return is_prompt and sys.stdin is not None and sys.stdin.isatty()


def _may_ask(options: argparse.Namespace) -> bool:
    """Return whether somebody at a terminal can be asked how to start."""
    is_typed = sys.stdin is not None and sys.stdin.isatty()
    return is_typed and (options.action == "send" or _is_interactive(options))


@contextmanager
def _logging(config: ClientConfig, *, to_file: bool) -> Iterator[None]:
    """Send the log to stderr, or to a file if the user types at this terminal."""
    from common.process.logs import logging_to

    if not to_file:
        with logging_to(sys.stderr, config.log_level):
            yield
        return
    descriptor = open_to_append(config.data_dir / "client.log")
    with (
        os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace") as stream,
        logging_to(stream, config.log_level),
    ):
        yield


def _run(
    start: Start,
    options: argparse.Namespace,
    interrupts: Interrupts,
    keyboard: Keyboard,
    control: socket.socket | None,
) -> int:
    """Open the session, do on it what the user wants, and always close it."""
    with loading():
        from client.assembly.opening import open_session
        from client.control.server import serving

    session = open_session(start.config)
    with (
        closing(session),
        closing(_page(session, start.config, options)) as page,
        serving(session, control, start.config, page.links) as server,
    ):
        if options.action == "receive":
            return _action(session, interrupts).receive(start, options.destination)
        if start.invitation is not None:
            _action(session, interrupts).join(start, options)
        elif start.asks_for_account:
            _action(session, interrupts).sign_in()
        _remember(start)
        if options.action == "send":
            return _action(session, interrupts).send(options)
        if start.config.web is not None:
            sys.stderr.write(f"page at {page.serve(start.config.web)}\n")
            sys.stderr.flush()
        if _is_interactive(options):
            return _run_shell(session, interrupts, start.config, options)
        return _run_script(session, interrupts, keyboard, options, server)


def _action(session: SessionApi, interrupts: Interrupts) -> Action:
    from client.oneshot.actions import Action  # most runs don't need it

    return Action(session, interrupts)


def _run_shell(
    session: SessionApi, interrupts: Interrupts, config: ClientConfig, options: argparse.Namespace
) -> int:
    """Run the interactive shell; returns the exit status."""
    from client.shell.output import Output
    from client.shell.repl import Repl

    return Repl(session, Output(as_json=options.json), interrupts, config.data_dir).run()


def _run_script(
    session: SessionApi,
    interrupts: Interrupts,
    keyboard: Keyboard,
    options: argparse.Namespace,
    server: ControlServer | None,
) -> int:
    """Run a script, and those of other programs to their ends; returns the exit status."""
    from client.shell.output import Output
    from client.shell.script import Script, watch_at_terminal
    from client.shell.terminal.typed_lines import secret_prompt, stdin_lines

    given = options.commands
    lines = stdin_lines(interrupts) if given is None else map(os.fsencode, given)
    output, ask = Output(as_json=options.json), secret_prompt(interrupts)
    watch = watch_at_terminal(interrupts, output)
    script = Script(session, output, interrupts, keyboard, ask, watch)
    status = script.run(lines, stay=options.stay)
    if server is not None and not script.was_quit:
        server.wait_for_callers(interrupts.stopped)
    return status


def _page(session: SessionApi, config: ClientConfig, options: argparse.Namespace) -> Page:
    """Return what serves the page from the moment it is asked for."""
    from client.control.page import Page

    is_public, renew = getattr(options, "web_any", False), getattr(options, "web_renew", False)
    return Page(session, config.data_dir, is_public=is_public, renew_link=renew)
