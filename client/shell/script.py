"""Runs commands from a pipe, a file or `-c`, each as soon as its line arrives."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel

from client.commands.command import Watch
from client.commands.runner import Outcome, Runner
from client.core.notices.notice_kinds import NoticeKind
from client.results.overview import Notice
from client.shell.output import Output
from client.shell.progress import Progress
from client.shell.terminal.keyboard import Keyboard
from client.shell.terminal.signals import Interrupts, Stopped, Stopping
from client.shell.terminal.typed_lines import stdin_lines
from common.errors import ErrorCode, MinitorrentError
from common.process.streams import abandon_stdout

if TYPE_CHECKING:
    from client.services.api import SessionApi

SUCCESS, FAILURE, _USAGE, NO_TRACKER = range(4)
"""Exit statuses; 2 is for errors in the program's own arguments."""

_CHECK_EVERY = 0.2
"""Seconds between checks for a signal while a remembered login is awaited."""


class Script:
    """Runs a list of commands and determines the exit status.

    `ask` prompts for a secret, `watch` redraws an answer; None if there is no terminal.
    """

    def __init__(
        self,
        session: SessionApi,
        output: Output,
        interrupts: Stopping,
        keyboard: Keyboard,
        ask: Callable[[str], str] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._session = session
        self._output = output
        self._interrupts = interrupts
        self._keyboard = keyboard
        self._progress = Progress(output, output.error_screen, interrupts.stopped)
        self._runner = Runner(
            session,
            progress=self._progress.hashing,
            cancelled=lambda: self._progress.waiting(session),
            ask=ask,
            watch=watch,
        )
        self._failed = False
        self._no_tracker = False
        self.was_quit = False
        """Whether a command ended the script."""
        self.stop_listening = session.notices.listen(self._show_notice, folds=True)
        """Ends the notices, which are shown even after the end of the script."""

    @property
    def status(self) -> int:
        """The exit status so far."""
        if self._no_tracker and not self._session.tracker_was_reached:
            return NO_TRACKER
        return FAILURE if self._failed else SUCCESS

    def run(self, lines: Iterable[bytes], *, stay: bool = False) -> int:
        """Run every line, then wait for downloads or keep seeding; return the exit status."""
        try:
            self.was_quit = self._run_lines(lines)
            if not self.was_quit:
                if stay:
                    with self._keyboard.line_by_line():
                        self._stay()
                else:
                    self._wait_for_downloads()
        except Stopped:
            pass  # a signal: the program ends
        except OSError as error:
            self._abandon_output()
            if not isinstance(error, BrokenPipeError):
                self._failed = True
                self._output.error(f"Can't write answers: {error.strerror}.")
        return self.status

    def _abandon_output(self) -> None:
        abandon_stdout()

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
        while not self._session.accounts.settle(_CHECK_EVERY):
            self._interrupts.check()
        overview = self._session.overview()
        self._no_tracker |= overview.resuming is not None
        if overview.user is None:
            return
        try:
            result = self._session.transfers.wait_for_own(
                lambda: self._progress.waiting(self._session, only_own=True)
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


def watch_at_terminal(interrupts: Interrupts, output: Output) -> Watch | None:
    """Return what redraws an answer until the user ends it; None without a terminal."""
    is_keyboard = sys.stdin is not None and sys.stdin.isatty()
    if not is_keyboard or output.screen.width is None or output.is_json:
        return None

    def watch(read: Callable[[], BaseModel]) -> None:
        from prompt_toolkit.input import create_input
        from prompt_toolkit.output import create_output

        from client.shell.live_view import LiveView
        from client.shell.terminal.foreground import Foreground

        foreground = Foreground(lambda: interrupts.ending)
        interrupts.on_end = foreground.leave
        try:
            LiveView(create_input(), create_output(), foreground, output.screen).watch(read)
        finally:
            interrupts.on_end = None

    return watch
