"""Prints answers, notices and progress, whole lines at a time, from any thread."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from client.commands.runner import Outcome
from client.core.notices.notice_kinds import Tone, presentation_of
from client.results.overview import Notice
from client.shell.render import answer
from client.shell.terminal.screen import ENDLESS, Screen, Stream, screen_of
from common.errors import MinitorrentError
from common.text import guarded, harmless

_ERASE_LINE = "\r\x1b[K"
_COLOURS = {Tone.NEUTRAL: "cyan", Tone.CAUTION: "yellow", Tone.FAILURE: "red"}


class Output:
    """Prints answers on stdout and everything else on stderr.

    If stderr is a terminal, a progress line may be shown at the bottom; it is erased before
    anything else is printed.
    """

    def __init__(
        self, out: Stream | None = None, err: Stream | None = None, *, as_json: bool = False
    ) -> None:
        self._out: Stream = out or sys.stdout
        self._err: Stream = err or sys.stderr
        self._json = as_json
        self._lock = threading.Lock()
        self._progress = ""

    def answer(self, outcome: Outcome, pager: Callable[[str], bool] | None = None) -> None:
        """Print a command's answer. Raises BrokenPipeError when the reader is gone.

        At a terminal, `pager` may show it instead; it returns whether it has.
        """
        if self._json:
            self._print(self._out, json.dumps(outcome.as_json()))
        elif isinstance(outcome.answer, MinitorrentError):
            self.error(outcome.answer.message)
        elif text := answer(outcome.command, outcome.answer, screen_of(self._out)):
            self._page_or_print(text, pager if self._out.isatty() else None)

    def _page_or_print(self, text: str, pager: Callable[[str], bool] | None) -> None:
        if pager is None or not pager(guarded(text)):
            self._print(self._out, text)

    def line(self, text: str) -> None:
        """Print a line on stdout. Raises BrokenPipeError when the reader is gone."""
        self._print(self._out, text)

    def notice(self, notice: Notice) -> None:
        """Print a notice on stderr."""
        screen, colour = screen_of(self._err), _COLOURS[presentation_of(notice.kind).tone]
        self.note(screen.paint(screen.wrap(harmless(notice.text)), colour))

    def note(self, text: str) -> None:
        """Print a line on stderr."""
        with suppress(OSError):  # nobody reads stderr
            self._print(self._err, text)

    def error(self, message: str) -> None:
        """Print an error on stderr, in one line unless it has to wrap on a terminal."""
        screen, mark = screen_of(self._err), "error:"
        text = screen.wrap(f"{mark} {harmless(message)}")
        self.note(f"{screen.paint(mark, 'red')}{text.removeprefix(mark)}")

    @property
    def is_json(self) -> bool:
        """Whether answers are for programs, so that no question may be asked."""
        return self._json

    @property
    def screen(self) -> Screen:
        """What stdout can display."""
        return screen_of(self._out)

    @property
    def error_screen(self) -> Screen:
        """What stderr can display."""
        return screen_of(self._err)

    @property
    def shows_progress(self) -> bool:
        """Whether stderr is a terminal on which a line can be redrawn."""
        return self._err.isatty()

    def progress(self, text: str) -> None:
        """Show `text` as the progress line, or erase the line if `text` is empty."""
        if not self.shows_progress:
            return
        text = text[: (self.error_screen.width or ENDLESS) - 1]
        with self._lock:
            if text != self._progress:
                self._progress = text
                self._err.write(f"{_ERASE_LINE}{guarded(text)}")
                self._err.flush()

    def _print(self, stream: Stream, text: str) -> None:
        with self._lock:
            if self._progress:
                self._progress = ""
                self._err.write(_ERASE_LINE)
                self._err.flush()
            stream.write(f"{guarded(text)}\n")
            stream.flush()
