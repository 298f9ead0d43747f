"""The interactive shell: a prompt with completion, history, toolbar and notices."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import ThreadedCompleter
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output as TerminalOutput
from prompt_toolkit.output import create_output
from prompt_toolkit.styles import Style

from client.commands.command import Declined, always
from client.commands.language.parsing import may_hold_secret
from client.commands.language.pasted_links import in_one_line
from client.commands.registry import COMMANDS
from client.commands.runner import Runner
from client.results.overview import Notice, Overview
from client.shell.completion import CommandCompleter
from client.shell.downloads import RUNNING
from client.shell.history import PrivateHistory
from client.shell.live_view import LiveView
from client.shell.names import SessionNames
from client.shell.output import Output
from client.shell.progress import Progress
from client.shell.terminal.confirmation import Confirmation
from client.shell.terminal.foreground import Foreground
from client.shell.terminal.pager import Pager
from client.shell.terminal.screen import Screen, can_show
from client.shell.terminal.secret import SecretPrompt, as_typed, keep_for_later, paste_bindings
from client.shell.terminal.signals import Interrupts, Stopped
from client.shell.toolbar import prompt_text, toolbar_lines
from common.errors import ErrorCode
from common.process.streams import abandon_stdout
from common.text import count

if TYPE_CHECKING:
    from client.services.api import SessionApi

_REFRESH = 0.5
"""Seconds between updates of the toolbar."""

_FRESH = 0.2
"""Seconds for which one overview of the session serves both prompt and toolbar."""

_SETTLE = 1.0
"""Seconds that the first prompt waits for a remembered login."""

_WELCOME = """\
Minitorrent: share files with the members of your groups.
Create an account with  create_user NAME,  then  login NAME.
Tab completes what you type; help lists all commands; Ctrl-D quits."""
_WELCOME_BACK = "Log in with: login NAME (help lists all commands)"
_DELAYED = "You will be logged in as {user} as soon as a tracker can be reached."

_MENU_ROWS, _OTHER_ROWS = 8, 6
"""Lines reserved for the completion menu, if as many others are left for everything else."""

_STYLE = Style.from_dict({"bottom-toolbar": "noreverse bg:ansibrightblack ansiwhite"})


class Repl:
    """An interactive session at the prompt."""

    def __init__(
        self,
        session: SessionApi,
        output: Output,
        interrupts: Interrupts,
        data_dir: Path,
        *,
        keyboard: Input | None = None,
        terminal: TerminalOutput | None = None,
    ) -> None:
        self._session = session
        self._output = output
        self._interrupts = interrupts
        self._terminal = terminal or create_output(always_prefer_tty=True)
        self._names = SessionNames(session)
        self._progress = Progress(output, self._screen(), interrupts.stopped)
        self._runner = Runner(
            session,
            progress=self._progress.hashing,
            cancelled=lambda: self._progress.waiting(session),
            ask=lambda prompt: self._secret.ask(prompt),
            confirm=always if output.is_json else lambda question: self._confirmation.ask(question),
            watch=None if output.is_json else lambda read: self._live_view.watch(read),
        )
        self._is_first_start = not (data_dir / "history").exists()
        self._pasted: list[str] = []
        self._prompt = self._make_prompt(data_dir / "history", keyboard)
        self._foreground = Foreground(lambda: interrupts.ending)
        self._secret = SecretPrompt(self._prompt.input, self._write, interrupts)
        self._confirmation = Confirmation(
            self._prompt.input, self._terminal, self._foreground.taken_by
        )
        self._live_view = LiveView(
            self._prompt.input, self._terminal, self._foreground, output.screen
        )
        self._pager = Pager(self._prompt.input, self._terminal, interrupts, self._foreground.held)
        self._overview: tuple[float, Overview] | None = None

    def _make_prompt(self, history: Path, keyboard: Input | None) -> PromptSession[str]:
        return PromptSession(
            message=lambda: prompt_text(self._current_overview()),
            completer=ThreadedCompleter(CommandCompleter(COMMANDS, self._names)),
            complete_while_typing=False,
            history=PrivateHistory(history, COMMANDS),
            bottom_toolbar=self._toolbar,
            refresh_interval=_REFRESH,
            enable_suspend=True,
            rprompt=lambda: f"+ {count(len(self._pasted), 'line')}" if self._pasted else "",
            key_bindings=paste_bindings(self._pasted, in_one_line),
            style=_STYLE,
            input=keyboard,
            output=self._terminal,
        )

    def run(self) -> int:
        """Prompt for commands and run them until the user quits; return the exit status."""
        self._interrupts.on_end = self._foreground.leave
        self._session.notices.listen(self._show_notice, folds=True)
        self._welcome()
        try:
            self._loop()
        except OSError:  # the terminal is gone
            abandon_stdout()
        return 0

    def _welcome(self) -> None:
        """Say what to type first, if nobody is logged in."""
        self._session.accounts.settle(_SETTLE)
        overview = self._session.overview()
        if overview.resuming is not None:
            self._output.note(_DELAYED.format(user=overview.resuming))
        elif overview.user is None:
            self._output.note(_WELCOME if self._is_first_start else _WELCOME_BACK)

    def _loop(self) -> None:
        while not self._interrupts.ending:
            try:
                text = self._read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                if self._may_leave():
                    break
                continue
            if any(map(self._run_line, text.split("\n"))):
                break

    def _read(self) -> str:
        """Read a line. Raises KeyboardInterrupt on Ctrl-C and EOFError on Ctrl-D."""
        more: list[str] = []
        self._interrupts.forget_ctrl_c()  # from now on until Enter, it is a key
        rows = self._terminal.get_size().rows
        self._prompt.reserve_space_for_menu = max(0, min(_MENU_ROWS, rows - _OTHER_ROWS))
        try:
            with self._foreground.taken_by(self._prompt.app):
                text = self._prompt.prompt()
            more += self._pasted
        finally:
            self._pasted.clear()
        keep_for_later(self._prompt.input, as_typed(more))
        return text

    def _run_line(self, text: str) -> bool:
        """Run one line; return whether it ends the program."""
        try:
            outcome = self._runner.run(text)
        except Stopped:
            return False
        except Declined:
            self._output.note("Nothing was done.")
            return False
        finally:
            self._interrupts.forget_ctrl_c()
            self._progress.end()
            self._names.forget()
            self._overview = None
        if outcome is None:
            return False
        self._output.answer(outcome, self._pager.show)
        if outcome.error and outcome.error.code is ErrorCode.USAGE:
            self._forget_secrets(text)
        return outcome.ends_program

    def _forget_secrets(self, text: str) -> None:
        """Discard input typed ahead for password prompts that a failed line never showed."""
        if may_hold_secret(text, COMMANDS) and self._secret.forget():
            self._output.note("Discarded what you typed ahead, because it may contain a password.")

    def _write(self, text: str) -> None:
        self._terminal.write_raw(text)
        self._terminal.flush()

    def _may_leave(self) -> bool:
        """Ask whether to quit if downloads are running; return whether to quit."""
        running = sum(row.state in RUNNING for row in self._session.overview().downloads)
        if not running or self._interrupts.ending:
            return True
        question = f"{count(running, 'download')} running, resuming at the next start. Quit?"
        return self._confirmation.ask(question, at_end=True)

    def _current_overview(self) -> Overview:
        """Return an overview of the session that is at most _FRESH seconds old."""
        now = time.monotonic()
        if self._overview is None or now - self._overview[0] >= _FRESH:
            self._overview = (now, self._session.overview())
        return self._overview[1]

    def _toolbar(self) -> str:
        return "\n".join(toolbar_lines(self._current_overview(), self._screen()))

    def _screen(self) -> Screen:
        width = self._terminal.get_size().columns
        return Screen(width=width, unicode=can_show(self._terminal.encoding()))

    def _show_notice(self, notice: Notice) -> None:
        """Show a notice, from any thread, above the prompt if there is one."""
        if self._session.settings.shows(notice.kind):
            self._foreground.print_above(lambda: self._output.notice(notice))
