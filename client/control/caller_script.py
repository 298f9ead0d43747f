"""Runs the lines of another program as a script, which prints at that program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from client.caller import Caller, acting_for
from client.control.connection import Connection
from client.control.protocol import (
    Exit,
    Frame,
    Line,
    Printed,
    Question,
    Ready,
    Refusal,
    Secret,
    Start,
)
from client.results.overview import Notice
from client.shell.output import Output
from client.shell.render import answer
from client.shell.script import Script
from client.shell.terminal.keyboard import Keyboard
from client.shell.terminal.screen import Screen
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi


_FRAME_EVERY = 1.0  # seconds


class CallerScript(Script):
    """A script whose end isn't the client's."""

    def __init__(self, session: SessionApi, connection: Connection, start: Start) -> None:
        out = Screen(start.out_width, start.out_colour, start.out_unicode)
        err = Screen(start.err_width, start.err_colour, start.err_unicode)
        output = Output(
            _CallerStream(connection, out, is_error=False),
            _CallerStream(connection, err, is_error=True),
            as_json=start.as_json,
        )
        self._connection = connection
        ask = self._ask if start.can_ask else None
        is_terminal = start.can_ask and out.width is not None and not start.as_json
        watch = self._watch if is_terminal else None
        super().__init__(session, output, connection, Keyboard(), ask, watch)

    def lines(self) -> Iterator[bytes]:
        """Yield the caller's lines as they arrive; raises Stopped."""
        while True:
            self._connection.drain()
            self._connection.send(Ready())
            message = self._connection.receive()
            if not isinstance(message, Line):
                return
            yield message.text.encode("utf-8", "surrogateescape")

    def _ask(self, prompt: str) -> str:
        self._connection.send(Question(prompt))
        answer = self._connection.receive()
        assert isinstance(answer, Secret)
        return answer.text

    def _watch(self, read: Callable[[], BaseModel]) -> None:
        """Send a frame every second until the caller stops it."""
        while not self._connection.stopped():
            try:
                text = answer(None, read(), self._output.screen)
            except MinitorrentError as error:
                text = error.message
            self._connection.send(Frame(text))
            self._connection.pause(_FRAME_EVERY)

    def _abandon_output(self) -> None:
        """Do nothing: this program's own stdout is not concerned."""

    def _stay(self) -> None:
        """Do nothing: the client stays anyway."""

    def _show_notice(self, notice: Notice) -> None:
        """Show a notice; it says nothing about this script, which waits for its own downloads."""
        if self._session.settings.shows(notice.kind):
            self._output.notice(notice)


class _CallerStream:
    """The caller's stdout or stderr (see client.shell.output.Stream)."""

    encoding = "utf-8"

    def __init__(self, connection: Connection, screen: Screen, *, is_error: bool) -> None:
        self._connection = connection
        self.screen = screen
        self._is_error = is_error

    def isatty(self) -> bool:
        """Return whether the caller's stream is a terminal."""
        return self.screen.width is not None

    def write(self, text: str) -> None:
        """Print a text at the caller."""
        self._connection.send(Printed(text, self._is_error))

    def flush(self) -> None:
        """Do nothing: whatever is written is sent at once."""


def run_lines(session: SessionApi, connection: Connection, start: Start) -> bool:
    """Run the caller's lines and tell it the exit status; return whether this client is to end."""
    if not start.folder.startswith("/") or "\0" in start.folder:
        connection.send(Refusal(ErrorCode.USAGE.value, "The folder is not an absolute path."))
        return False
    overview = session.overview()
    with acting_for(Caller(Path(start.folder), overview.user, overview.group)):
        script = CallerScript(session, connection, start)
        try:
            status = script.run(script.lines(), stay=start.stay)
        finally:
            script.stop_listening()
    ends = script.was_quit and start.quit_ends_client
    if connection.client_ends:
        connection.send(Refusal(ErrorCode.INTERNAL.value, "The running client has ended."))
    else:
        connection.send(Exit(status, ends))
    return ends
