"""The output of a process, collected by a thread."""

from __future__ import annotations

import threading
import time
from typing import IO

TAIL = 40


class Lines:
    """The lines of one pipe, read as they arrive, so that the process never blocks."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._all: list[str] = []
        self._taken = 0
        self._changed = threading.Condition()
        self._pipe: IO[bytes] | None = None
        self._thread: threading.Thread | None = None

    def follow(self, pipe: IO[bytes]) -> None:
        """Collect this pipe's lines in a new thread, after the existing ones."""
        self._taken = len(self._all)
        self._pipe = pipe
        self._thread = threading.Thread(
            target=self._collect, args=(pipe,), name=f"collect {self.name}"
        )
        self._thread.start()

    def finish(self, timeout: float = 10.0) -> None:
        """Collect the rest after the process's exit and close the pipe."""
        if self._thread is None or self._pipe is None:
            return
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"{self.name} is still held open by another process"
        self._pipe.close()
        self._thread = self._pipe = None

    def next(self, timeout: float) -> str | None:
        """Take the next line; None if none arrives in `timeout` seconds, or ever."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._taken == len(self._all):
                left = deadline - time.monotonic()
                if left <= 0 or self._thread is None or not self._thread.is_alive():
                    return None
                self._changed.wait(min(left, 0.1))
            self._taken += 1
            return self._all[self._taken - 1]

    @property
    def all(self) -> list[str]:
        """Every line so far, over all starts of the process."""
        with self._changed:
            return list(self._all)

    def tail(self) -> str:
        """The last lines, under the pipe's name."""
        return "\n".join([f"--- {self.name}", *self.all[-TAIL:]])

    def _collect(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            with self._changed:
                self._all.append(line.decode(errors="backslashreplace").rstrip("\r\n"))
                self._changed.notify_all()
