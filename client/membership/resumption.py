"""The remembered login on its way: from the client's start until it is in force or refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from common.errors import MinitorrentError

LONGEST_WAIT: Final = 60.0
"""Seconds that a command waits for it; there is an answer sooner, or no tracker."""


class Resumption:
    """Tells commands whether a remembered login is still being resumed. Thread-safe.

    `wait` returns at once unless one is: until its transfers are taken up, the tracker refuses it,
    or no tracker could be reached. In the last case it goes on in the background.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._user: str | None = None
        self._obstacle: MinitorrentError | None = None
        self._taker: int | None = None  # the thread that takes up the transfers
        self._retry: Callable[[], None] = lambda: None

    @property
    def user(self) -> str | None:
        """Whose login is being resumed, or None."""
        return self._user

    def begin(self, user: str, retry: Callable[[], None]) -> None:
        """Start to resume a user's login; `retry` has the trackers tried again at once."""
        with self._changed:
            self._user, self._obstacle, self._retry = user, None, retry

    def delay(self, obstacle: MinitorrentError) -> None:
        """Record why no tracker serves us for now; whoever waits goes on without the login."""
        with self._changed:
            self._obstacle = obstacle
            self._changed.notify_all()

    def hurry(self) -> None:
        """Have a delayed login tried again now, for somebody who needs it and will wait."""
        with self._changed:
            if self._user is None or self._obstacle is None:
                return
            self._obstacle = None
        self._retry()

    @contextmanager
    def taking_up(self) -> Iterator[None]:
        """Take up the login's transfers inside the block, where `wait` doesn't wait; then end."""
        with self._changed:
            self._taker, self._obstacle = threading.get_ident(), None
        try:
            yield
        finally:
            self.end()

    def end(self) -> None:
        """End: the login is in force, or over."""
        with self._changed:
            self._user = self._obstacle = self._taker = None
            self._changed.notify_all()

    def wait(self, seconds: float = LONGEST_WAIT) -> bool:
        """Wait until there is an answer, for now at least; return whether there is."""
        if self._user is None or self._taker == threading.get_ident():
            return True
        with self._changed:
            return self._changed.wait_for(lambda: not self._user or bool(self._obstacle), seconds)

    def check(self) -> None:
        """Raise why the login is delayed, if it is."""
        with self._changed:
            user, obstacle = self._user, self._obstacle
        if user is not None and obstacle is not None:
            raise MinitorrentError(
                obstacle.code,
                f"{obstacle.message} You will be logged in as {user} once a tracker can be used.",
            )
