"""One dial at a time to where many dials go."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from common.types import Endpoint

LONGEST_LINE: Final = 64
"""Dials that may wait for the one before them."""


class _Addressed(Protocol):
    @property
    def endpoint(self) -> Endpoint: ...


Dial = TypeVar("Dial", bound=_Addressed)


class DialLines(Generic[Dial]):
    """Dials to one endpoint, one behind the other. Safe to use from several threads.

    Transmission shakes hands with one incoming connection of an address at a time, and hangs up
    on all others: of four torrents that dial it at once, three would be turned away.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[Endpoint, deque[Dial]] = {}

    def enter(self, dial: Dial) -> bool | None:
        """Whether it is its turn; if not, `leave` gives it later, or never (None): too many."""
        with self._lock:
            line = self._lines.get(dial.endpoint)
            if line is None:
                self._lines[dial.endpoint] = deque()
                return True
            if len(line) >= LONGEST_LINE:
                return None
            line.append(dial)
            return False

    def leave(self, dial: Dial) -> Dial | None:
        """A dial whose turn it was has come to its end; whose turn it is now."""
        with self._lock:
            line = self._lines[dial.endpoint]
            if line:
                return line.popleft()
            del self._lines[dial.endpoint]
            return None
