"""A user at the prompt: a shell with a pipe for a keyboard."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prompt_toolkit.application.current import AppSession
from prompt_toolkit.input import PipeInput
from prompt_toolkit.output import DummyOutput

from client.shell.output import Output
from client.shell.repl import Repl
from client.shell.terminal.signals import Interrupts
from tests.support.fakes.services.session import FakeSession
from tests.support.waiting import wait_until

CTRL_C, CTRL_D, TAB = "\x03", "\x04", "\t"


class Recording(DummyOutput):
    """A terminal that keeps its output."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, data: str) -> None:
        self.written.append(data)

    def write_raw(self, data: str) -> None:
        self.written.append(data)


class Sitting:
    """A shell and a keyboard; `said` is the output on stdout, `errors` on stderr."""

    def __init__(self, folder: Path, keyboard: PipeInput, terminal: AppSession) -> None:
        self.session = FakeSession()
        self.keyboard = keyboard
        self.terminal = terminal
        self.folder = folder
        self.out, self.err = io.StringIO(), io.StringIO()
        self.screen = Recording()

    @property
    def said(self) -> list[str]:
        return self.out.getvalue().splitlines()

    @property
    def shown(self) -> str:
        """The terminal's output, with prompts and typed text."""
        return "".join(self.screen.written)

    @property
    def errors(self) -> list[str]:
        return self.err.getvalue().splitlines()

    def sit(self, *, as_json: bool = False) -> int:
        """Run the shell on the typed text until it exits; return the exit status."""
        with Interrupts(ctrl_c_ends=False) as interrupts:
            return Repl(
                self.session,
                Output(self.out, self.err, as_json=as_json),
                interrupts,
                self.folder,
                keyboard=self.keyboard,
                terminal=self.screen,
            ).run()

    @contextmanager
    def meanwhile(self, act: Callable[[], None]) -> Iterator[None]:
        """Let a thread act while the shell runs."""
        failures: list[BaseException] = []

        def run() -> None:
            try:
                act()
            except BaseException as error:  # raised again below
                failures.append(error)
                self.type("quit\r")

        thread = threading.Thread(target=run, name="typist")
        thread.start()
        try:
            yield
        finally:
            thread.join(30)
        assert not failures, failures

    def line(self) -> str:
        """Return the text of the line being typed."""
        app = self.terminal.app
        return app.current_buffer.text if app is not None else ""

    def type(self, text: str) -> None:
        self.keyboard.send_text(text)

    def called(self, *call: object) -> None:
        """Wait until this was asked of the session."""
        wait_until(lambda: call in self.session.calls, what=repr(call))
