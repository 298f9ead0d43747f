"""Starts a client from the command line; `client.build` puts its parts together."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from client.command_line import CONSOLE_SCRIPT, FAILURE, USAGE, argument_parser
from client.config import DEFAULT_TIMING, ClientConfig, Timing, default_data_dir
from client.shell.terminal.keyboard import Keyboard
from client.shell.terminal.signals import Interrupts
from client.storage.paths.reading import read_plain
from client.storage.paths.writing import open_to_append
from common import tracker_info
from common.errors import ErrorCode, MinitorrentError
from common.process.loading import loading
from common.process.streams import prepare_streams
from common.text import harmless
from common.types import Endpoint

if TYPE_CHECKING:
    from client.services.api import SessionApi


def main(argv: Sequence[str] | None = None, timing: Timing = DEFAULT_TIMING) -> int:
    """Run a client; returns the exit status."""
    prepare_streams()
    words, parser = sys.argv[1:] if argv is None else argv, argument_parser()
    parser.may_hold_secrets = "-c" in words
    options = parser.parse_args(words)
    try:
        config = _read_config(options, timing)
    except MinitorrentError as error:
        return _refuse(error, USAGE)
    try:
        with (
            Interrupts(ctrl_c_ends=not _is_interactive(options)) as interrupts,
            Keyboard() as keyboard,
            _locked(config.data_dir),
            _logging(config, to_file=_is_interactive(options)),
        ):
            return _run(config, options, interrupts, keyboard)
    except MinitorrentError as error:
        return _refuse(error, USAGE if error.code is ErrorCode.USAGE else FAILURE)


def _read_config(options: argparse.Namespace, timing: Timing) -> ClientConfig:
    """Check the options; raises MinitorrentError(usage)."""
    listen = Endpoint.parse(options.listen)
    web = None if options.web is None else Endpoint.parse(options.web)
    trackers = _read_trackers(Path(options.tracker_info))
    data_dir = options.data_dir or default_data_dir(listen)
    return ClientConfig(
        listen,
        trackers,
        data_dir.absolute(),
        options.log_level,
        options.active,
        web,
        timing,
    )


def _read_trackers(path: Path) -> tuple[Endpoint, ...]:
    """Return the trackers in the tracker information file; raises MinitorrentError(usage)."""
    try:
        text = read_plain(path, tracker_info.MAX_SIZE).decode()
    except MinitorrentError as error:
        raise MinitorrentError(ErrorCode.USAGE, f"Can't read {path}. {error.message}") from error
    except UnicodeDecodeError as error:
        raise MinitorrentError(ErrorCode.USAGE, f"{path} is not a text file.") from error
    try:
        return tuple(tracker_info.parse(text))
    except MinitorrentError as error:
        raise MinitorrentError(ErrorCode.USAGE, f"{path}: {error.message}") from error


def _refuse(error: MinitorrentError, status: int) -> int:
    """Print why the client can't start or continue; returns `status`."""
    line = harmless(" ".join(error.message.split()))
    with suppress(OSError):  # nobody reads stderr
        sys.stderr.write(f"{CONSOLE_SCRIPT}: {line}\n")
    return status


def _is_interactive(options: argparse.Namespace) -> bool:
    """Return whether the user types commands at a prompt."""
    return options.commands is None and sys.stdin is not None and sys.stdin.isatty()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Create the data folder, private to its user, and lock it against other clients."""
    from filelock import FileLock, Timeout

    path = folder / "client.lock"
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(open_to_append(path))
        lock.acquire()
    except Timeout as error:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"Another client is using {folder}; quit it, or choose another --data-dir.",
        ) from error
    except OSError as error:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED, f"Can't use {folder} as the data folder: {error.strerror}."
        ) from error
    try:
        yield
    finally:
        lock.release()


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
    config: ClientConfig, options: argparse.Namespace, interrupts: Interrupts, keyboard: Keyboard
) -> int:
    """Open the session, run the shell or a script on it, and always close it."""
    with loading():
        from client.build import open_session

    session = open_session(config)
    try:
        with _web(session, config, options):
            if _is_interactive(options):
                return _run_shell(session, interrupts, config, options)
            return _run_script(session, interrupts, keyboard, options)
    finally:
        session.close()


def _run_shell(
    session: SessionApi, interrupts: Interrupts, config: ClientConfig, options: argparse.Namespace
) -> int:
    """Run the interactive shell; returns the exit status."""
    from client.shell.output import Output
    from client.shell.repl import Repl

    return Repl(session, Output(as_json=options.json), interrupts, config.data_dir).run()


def _run_script(
    session: SessionApi, interrupts: Interrupts, keyboard: Keyboard, options: argparse.Namespace
) -> int:
    """Run a script; returns the exit status."""
    from client.shell.output import Output
    from client.shell.script import Script, stdin_lines

    given = options.commands
    lines = stdin_lines(interrupts) if given is None else map(os.fsencode, given)
    script = Script(session, Output(as_json=options.json), interrupts, keyboard)
    return script.run(lines, stay=options.stay)


@contextmanager
def _web(session: SessionApi, config: ClientConfig, options: argparse.Namespace) -> Iterator[None]:
    """Serve the page while inside the block, if requested, and print the link."""
    if config.web is None:
        yield
        return
    try:
        from client.web.server import WebServer
    except ModuleNotFoundError as error:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"--web needs {error.name}, which is missing: pip install 'minitorrent[web]'",
        ) from error
    web = WebServer(
        session,
        config.web,
        config.data_dir,
        is_public=options.web_any,
        renew_link=options.web_renew,
    )
    web.start()
    try:
        sys.stderr.write(f"page at {web.link}\n")
        sys.stderr.flush()
        yield
    finally:
        web.close()
