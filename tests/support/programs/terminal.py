"""A program in a real terminal of 80 by 24, driven through tmux.

with Terminal(["python", "-m", "client", ...]) as terminal:
    terminal.wait_for("minitorrent>")
    terminal.type("logi", "Tab")
    assert "login" in terminal.screen()
"""

from __future__ import annotations

import shlex
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from typing import Self

from tests.support.waiting import wait_until

COLUMNS, ROWS = 80, 24

_INTERVAL = 0.2  # seconds; each poll starts a process


class Terminal:
    """A separate tmux server with one pane, in which `command` runs."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        columns: int = COLUMNS,
        rows: int = ROWS,
    ) -> None:
        self._server = f"minitorrent-{uuid.uuid4().hex[:12]}"
        variables = [f"{name}={value}" for name, value in (environment or {}).items()]
        # What the tests' own terminal is called or measures is not that of this one.
        unset = [f"--unset={name}" for name in ("COLUMNS", "LINES", "NO_COLOR")]
        program = shlex.join(["env", *unset, "LC_ALL=C.UTF-8", *variables, *command])
        self._start = ["new-session", "-d", "-x", str(columns), "-y", str(rows)]
        # The exit status stays to be seen after the program's end.
        self._start.append(f"{program}; printf '\\n[exit status %s]' $?; exec sleep 600")

    def __enter__(self) -> Self:
        self._tmux(*self._start)
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")

    @property
    def pid(self) -> int:
        """The process number of the shell in which the program was started."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def type(self, text: str, *keys: str) -> None:
        """Type `text` as it is, then keys by their tmux names (`Enter`, `Tab`, `C-c`)."""
        if text:
            self._tmux("send-keys", "-l", text)
        if keys:
            self._tmux("send-keys", *keys)

    def enter(self, line: str) -> None:
        """Type a line and press Enter."""
        self.type(line, "Enter")

    def screen(self) -> str:
        """Return the screen, without trailing blanks."""
        return self._captured()

    def styled(self) -> str:
        """Return the screen with blanks, and colours as escape sequences."""
        return self._tmux("capture-pane", "-p", "-e", "-N")

    def printed(self) -> str:
        """Return all output, including the scrollback, with wrapped lines joined."""
        return self._captured("-J", "-S", "-")

    def _captured(self, *options: str) -> str:
        text = self._tmux("capture-pane", "-p", *options)
        return "\n".join(line.rstrip() for line in text.splitlines()).rstrip()

    def wait_for(self, *texts: str, timeout: float = 20.0) -> str:
        """Wait until all of `texts` are on the screen; return it."""
        seen = [""]

        def found() -> bool:
            seen[0] = self.screen()
            return all(text in seen[0] for text in texts)

        try:
            wait_until(found, timeout, repr(texts), interval=_INTERVAL)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{seen[0]}") from None
        return seen[0]

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._server, "-f", "/dev/null", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
