"""Shows what is longer than the screen with the user's pager, or a page at a time."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType
from typing import Final

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.output import Output

from client.shell.terminal.secret import keep_for_later
from client.shell.terminal.signals import Interrupts, Stopped
from client.shell.terminal.widths import rows_of

_OFF: Final = ("", "cat")
_LESS: Final = "less"
_LESS_OPTIONS: Final = "-KR"
"""Colours, and an end at Ctrl-C, whatever else the user's variable LESS says."""

_USUAL_OPTIONS: Final = "-FX -PsSpace for more, q to return$"
"""Without that variable: leave the text on the screen at the end; its prompt is a hint."""

_MORE: Final = "-- more: Space page, Enter line, q end --"
_ERASE_LINE: Final = "\r\x1b[K"
_PAGE_KEYS, _LINE_KEYS, _END_KEYS = (" ", "f"), ("c-m", "c-j", "j"), ("q", "Q", "c-c", "c-d")
_KEYS: Final = (*_PAGE_KEYS, *_LINE_KEYS, *_END_KEYS)


class Pager:
    """Pages texts at a terminal, inside a `Keyboard`.

    `held` is entered while the screen belongs to the pager, with a function that ends it. The
    user's pager is PAGER, or else less if it is installed; it is never run by a shell, and less
    can't start other programs. PAGER= or PAGER=cat turns paging off.
    """

    def __init__(
        self,
        keyboard: Input,
        terminal: Output,
        interrupts: Interrupts,
        held: Callable[[Callable[[], None]], AbstractContextManager[None]],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._keyboard = keyboard
        self._terminal = terminal
        self._interrupts = interrupts
        self._held = held
        self._environment = environment

    def show(self, text: str) -> bool:
        """Page `text`; return False if it isn't to be paged, so that it is still to be printed.

        Text that fits isn't, and none is while more input is waiting, as after lines were pasted:
        the pager would take it for its own.
        """
        size = self._terminal.get_size()
        pager = self._environment.get("PAGER", _LESS)
        if pager.strip() in _OFF or self._environment.get("TERM") == "dumb":
            return False
        rows = [rows_of(line, size.columns) for line in text.split("\n")]
        if sum(rows) < size.rows or self._is_input_waiting():
            return False
        if not self._run(pager, text):
            self._page(text.split("\n"), rows, size.rows)
        return True

    def _is_input_waiting(self) -> bool:
        keys = [*get_typeahead(self._keyboard), *self._keyboard.read_keys()]
        keep_for_later(self._keyboard, keys)
        return bool(keys)

    def _run(self, pager: str, text: str) -> bool:
        """Run the user's pager until it ends; return False if there is none."""
        try:
            words = shlex.split(pager)
        except ValueError:  # a quote is never closed
            return False
        program = shutil.which(words[0], path=self._environment.get("PATH"))
        if program is None:
            return False
        with suppress(OSError):
            process = subprocess.Popen(
                [program, *words[1:]], stdin=subprocess.PIPE, env=self._pager_environment()
            )
            with self._held(process.terminate), self._suspending(process):
                process.communicate(f"{text}\n".encode(self._terminal.encoding(), "replace"))
            return True
        return False

    @contextmanager
    def _suspending(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Let Ctrl-Z suspend the pager with this program, and `fg` continue both.

        The pager may ignore Ctrl-Z, as less does when it can't start other programs.
        """

        def suspend(_number: int, _frame: FrameType | None) -> None:
            with suppress(termios.error, OSError):
                settings = termios.tcgetattr(self._keyboard.fileno())
                process.send_signal(signal.SIGSTOP)
                self._write("\r\n")
                os.kill(os.getpid(), signal.SIGSTOP)
                termios.tcsetattr(self._keyboard.fileno(), termios.TCSADRAIN, settings)
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGWINCH)  # it draws the screen again

        before = signal.signal(signal.SIGTSTP, suspend)
        try:
            yield
        finally:
            signal.signal(signal.SIGTSTP, before)

    def _pager_environment(self) -> Mapping[str, str]:
        options = f"{_LESS_OPTIONS} {self._environment.get('LESS', _USUAL_OPTIONS)}"
        return {**self._environment, "LESS": options, "LESSSECURE": "1"}

    def _page(self, lines: Sequence[str], rows: Sequence[int], height: int) -> None:
        """Show a page at a time; keys go on or end it."""
        at, room, keys = 0, height - 1, self._keys()
        with self._held(lambda: None), suppress(Stopped):
            while True:
                while at < len(lines) and (rows[at] <= room or room == height - 1):
                    self._write(f"{lines[at]}\r\n")
                    room -= rows[at]
                    at += 1
                if at == len(lines):
                    return
                self._write(_MORE)
                try:
                    key = next(key for key in keys if key in _KEYS)
                finally:
                    self._write(_ERASE_LINE)
                if key in _END_KEYS:
                    return
                room = height - 1 if key in _PAGE_KEYS else rows[at]

    def _keys(self) -> Iterator[str]:
        """Yield keys as they are pressed; raises Stopped on Ctrl-C or another signal."""
        while not self._keyboard.closed:
            self._interrupts.wait(self._keyboard.fileno())
            for press in self._keyboard.read_keys():
                yield press.key
        raise Stopped

    def _write(self, text: str) -> None:
        self._terminal.write_raw(text)
        self._terminal.flush()
