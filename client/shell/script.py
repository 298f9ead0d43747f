"""Runs commands from a pipe, a file or `-c`, each as soon as its line arrives."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from client.commands.runner import LONGEST_LINE, Outcome, Runner
from client.core.notices.notice_kinds import NoticeKind
from client.results import Notice
from client.shell.output import Output, screen_of
from client.shell.progress import Progress
from client.shell.terminal.keyboard import Keyboard
from client.shell.terminal.signals import Interrupts, Stopped
from common.errors import ErrorCode, MinitorrentError
from common.process.streams import abandon_stdout

if TYPE_CHECKING:
    from client.services.api import SessionApi

SUCCESS, FAILURE, _USAGE, NO_TRACKER = range(4)
"""Exit statuses; 2 is for errors in the program's own arguments."""

_READ_SIZE = 1 << 16


class Script:
    """Runs a list of commands and determines the exit status."""

    def __init__(
        self, session: SessionApi, output: Output, interrupts: Interrupts, keyboard: Keyboard
    ) -> None:
        self._session = session
        self._output = output
        self._interrupts = interrupts
        self._keyboard = keyboard
        self._progress = Progress(output, screen_of(sys.stderr), interrupts.stopped)
        self._runner = Runner(
            session,
            progress=self._progress.hashing,
            cancelled=lambda: self._progress.waiting(session),
            ask=self._ask if sys.stdin is not None and sys.stdin.isatty() else None,
        )
        self._failed = False
        self._no_tracker = False
        session.notices.listen(self._show_notice)

    @property
    def status(self) -> int:
        """The exit status so far."""
        if self._no_tracker and not self._session.tracker_was_reached:
            return NO_TRACKER
        return FAILURE if self._failed else SUCCESS

    def run(self, lines: Iterable[bytes], *, stay: bool = False) -> int:
        """Run every line, then wait for downloads or keep seeding; return the exit status."""
        try:
            if not self._run_lines(lines):
                if stay:
                    with self._keyboard.line_by_line():
                        self._stay()
                else:
                    self._wait_for_downloads()
        except Stopped:
            pass  # a signal: the program ends
        except OSError as error:
            abandon_stdout()
            if not isinstance(error, BrokenPipeError):
                self._failed = True
                self._output.error(f"Can't write answers: {error.strerror}.")
        return self.status

    def _run_lines(self, lines: Iterable[bytes]) -> bool:
        """Run all lines; return whether a command ended the program."""
        for line in lines:
            outcome = self._run_line(line)
            if outcome is not None:
                self._record(outcome)
                self._output.answer(outcome)
                if outcome.ends_program:
                    return True
        return False

    def _run_line(self, line: bytes) -> Outcome | None:
        """Run one line; raises Stopped if a signal arrived first."""
        try:
            self._interrupts.check()
            return self._runner.run_bytes(line)
        except Stopped:
            self._failed = True
            raise
        finally:
            self._progress.end()

    def _record(self, outcome: Outcome) -> None:
        """Take an outcome into account for the exit status."""
        if outcome.error is not None:
            self._failed = True
            self._no_tracker |= outcome.error.code is ErrorCode.TRACKER_UNREACHABLE

    def _wait_for_downloads(self) -> None:
        if self._session.overview().user is None:
            return
        try:
            result = self._session.transfers.wait(
                None, lambda: self._progress.waiting(self._session)
            )
            self._failed |= bool(result.failed)
        except MinitorrentError as error:
            self._failed = True
            self._output.error(error.message)
        finally:
            self._progress.end()

    def _stay(self) -> None:
        """Keep seeding until a signal or the line `quit`; the end of stdin doesn't end it."""
        if sys.stdin is not None and sys.stdin.isatty():
            self._output.note("Still sharing; type quit or press Ctrl-C to end.")
        for line in stdin_lines(self._interrupts):
            command = self._runner.command(line)
            if command is not None and command.ends_program:
                return
            if line.strip():
                self._output.error("The script has ended; only quit is accepted now.")
        self._interrupts.wait()

    def _show_notice(self, notice: Notice) -> None:
        self._failed |= notice.kind is NoticeKind.DOWNLOAD_FAILED
        if self._session.settings.shows(notice.kind):
            self._output.notice(notice)

    def _ask(self, prompt: str) -> str:
        from prompt_toolkit.input import create_input

        from client.shell.terminal.secret import SecretPrompt

        with Path("/dev/tty").open("w", encoding="utf-8") as terminal:

            def show(text: str) -> None:
                terminal.write(text)
                terminal.flush()

            return SecretPrompt(create_input(), show, self._interrupts).ask(prompt)


def stdin_lines(interrupts: Interrupts) -> Iterator[bytes]:
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
