"""The actions of the command line on a session: join, send and receive."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from client.command_line import FAILURE, SUCCESS
from client.commands.runner import Runner
from client.core.notices.notice_kinds import NoticeKind
from client.oneshot.commands import Commands, OwnCommands
from client.oneshot.joining import join
from client.oneshot.receiving import receive
from client.oneshot.sending import Terminal, send
from client.oneshot.sign_in import Account, SignIn
from client.results.overview import Notice
from client.shell.output import Output
from client.shell.progress import Progress
from client.shell.terminal.questions import Questions
from client.shell.terminal.signals import Interrupts
from client.shell.terminal.typed_lines import is_typed
from client.start import Start, read_line
from client.storage.paths.reading import read_plain
from common import invitation
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi

_MAX_PASSWORD_FILE = 4096  # bytes
_WORTH_SAYING = (NoticeKind.WARNING, NoticeKind.TRACKER)


class Action:
    """One action on a session; Ctrl-C ends it. Its methods raise MinitorrentError and Stopped."""

    def __init__(self, session: SessionApi, interrupts: Interrupts) -> None:
        self._session = session
        self._interrupts = interrupts
        self._output = Output()
        self._progress = Progress(self._output, self._output.error_screen, interrupts.stopped)
        runner = Runner(
            session,
            progress=self._progress.hashing,
            cancelled=lambda: self._progress.waiting(session),
        )
        self._commands = OwnCommands(runner)

    def join(self, start: Start, options: argparse.Namespace) -> None:
        """Enter the group of the invitation."""
        assert start.invitation is not None
        account, remember = None, None
        if options.action == "join":
            account, remember = _account(options), options.remember or None
        with self._showing_notices():
            self._session.trackers.reach()
            asking = self._asking()
            group = join(self._session, start.invitation, account, asking, remember=remember)
        self._output.note(f"You are a member of {group}; see its files with: list_files {group}")

    def send(self, options: argparse.Namespace) -> int:
        """Send the paths; returns the exit status."""
        self.sign_in()
        self._session.notices.listen(self._show_notice)
        return send_with(self._commands, options, self._output, self._interrupts)

    def receive(self, start: Start, destination: str) -> int:
        """Receive everything into the destination; returns the exit status."""
        assert start.invitation is not None
        text = start.invitation
        self._session.notices.listen(self._show_progress)

        def sign_up(guest: Account) -> None:
            self._session.invitations.sign_up(text, guest.user, guest.password, is_guest=True)

        group = invitation.parse(text).group
        try:
            paths = receive(self._commands, sign_up, group, start.config.data_dir, destination)
        except MinitorrentError:
            if self._interrupts.stopped():
                raise MinitorrentError(
                    ErrorCode.TIMEOUT, "Interrupted; run the same line again to continue."
                ) from None
            raise
        finally:
            self._progress.end()
        for path in paths:
            self._output.line(path)
        return SUCCESS

    def sign_in(self) -> None:
        """Log in at the terminal, unless this client is logged in already."""
        self._session.accounts.settle()
        if self._session.overview().user is not None:
            return
        asking = self._asking()
        if asking is None:
            raise MinitorrentError(
                ErrorCode.NOT_LOGGED_IN,
                "Nobody is logged in; log in once with: -c 'login USER --remember'",
            )
        with self._showing_notices():
            self._session.trackers.reach()
            SignIn(self._session).ask(asking)

    @contextmanager
    def _showing_notices(self) -> Iterator[None]:
        """Show notices inside the context; afterwards, others may."""
        end = self._session.notices.listen(self._output.notice)
        try:
            yield
        finally:
            end()

    def _asking(self) -> Questions | None:
        return Questions(self._interrupts, self._output.error) if is_typed() else None

    def _show_progress(self, notice: Notice) -> None:
        """Show a notice of a download; what is wrong with a tracker is an error of its own."""
        if notice.kind is not NoticeKind.TRACKER:
            self._output.notice(notice)

    def _show_notice(self, notice: Notice) -> None:
        if notice.kind in _WORTH_SAYING:
            self._output.notice(notice)


def send_with(
    commands: Commands, options: argparse.Namespace, output: Output, interrupts: Interrupts
) -> int:
    """Send the paths with this client or another; returns the exit status."""
    terminal = Terminal(
        show_invitation=output.line,
        note=output.note,
        progress=output.progress,
        is_ending=interrupts.stopped,
    )
    paths = [Path(os.path.abspath(path)) for path in options.paths]  # noqa: PTH100 - links stay
    is_done = send(commands, paths, options.uses, options.days, terminal)
    return SUCCESS if is_done else FAILURE


def _account(options: argparse.Namespace) -> Account | None:
    """Return the account of --user and --password-file, or None if both are missing."""
    if options.user is None and options.password_file is None:
        return None
    if options.user is None or options.password_file is None:
        raise MinitorrentError(ErrorCode.USAGE, "Give both --user and --password-file.")
    path: Path = options.password_file
    try:
        if path == Path("-"):
            text = read_line(_MAX_PASSWORD_FILE)
        else:
            text = read_plain(path, _MAX_PASSWORD_FILE).decode()
    except UnicodeDecodeError:
        raise MinitorrentError(ErrorCode.USAGE, f"{path} is not a text file.") from None
    return Account(options.user, text.partition("\n")[0].rstrip("\r"))
