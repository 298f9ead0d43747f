"""What belongs to one of several callers who share a client.

The programs that hand their commands to a running client (see client.control) each have a folder
that their paths are relative to, a group in use, and downloads of their own. A thread acts for one
of them inside `acting_for`; without it, for the client itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

_current: ContextVar[Caller | None] = ContextVar("caller", default=None)


@dataclass(slots=True)
class Caller:
    """One caller; its commands run one after the other, in threads that act for it."""

    folder: Path
    """The folder that it works in, absolute."""
    user: str | None = None
    """The user whose group is in use."""
    group: str | None = None
    """The group in use, as long as this user is logged in."""
    arrived: float = field(default_factory=time.monotonic)
    """When it came, on the monotonic clock."""
    waited: float = 0.0
    """When it last asked which downloads have ended."""
    downloads: set[tuple[str, str]] = field(default_factory=set)
    """Groups and names of the downloads that it started."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.waited = self.arrived

    def started(self, group: str, name: str) -> None:
        """Record a download that it started."""
        with self._lock:
            self.downloads.add((group, name))

    def has_started(self, group: str, name: str) -> bool:
        """Return whether it started this download."""
        with self._lock:
            return (group, name) in self.downloads


def current_caller() -> Caller | None:
    """Return the caller that this thread acts for; None if that is the client itself."""
    return _current.get()


def act_for(caller: Caller | None) -> None:
    """Have this thread act for a caller until it ends: one that a command has started."""
    _current.set(caller)


def note_download(group: str, name: str) -> None:
    """Record that a download was started, for the caller that this thread acts for."""
    caller = current_caller()
    if caller is not None:
        caller.started(group, name)


@contextmanager
def acting_for(caller: Caller) -> Iterator[None]:
    """Have what this thread does inside the context count as done by a caller."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)
