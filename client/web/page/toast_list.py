"""Which messages a window shows: a few at once, for a while, errors until the thing succeeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MOST_SHOWN: Final = 3
MOST_KEPT: Final = 50
"""Messages kept at once, shown or not."""


@dataclass(frozen=True, eq=False)
class Toast:
    """A message, shown until `end` (None: until it is closed).

    `topic` is what an error is about: a command, usually. One without `text` is never shown, but
    stands for `count` others.
    """

    text: str
    end: float | None
    is_error: bool = False
    topic: str = ""
    count: int = 1


@dataclass
class ToastList:
    """The messages of one window; times are in seconds on any clock."""

    _toasts: list[Toast] = field(default_factory=list)

    def add(self, toast: Toast) -> None:
        """Add a message; it replaces an earlier one with the same text, or an error's topic."""
        self._toasts = [known for known in self._toasts if not _is_replaced(known, toast)]
        self._toasts.append(toast)
        if len(self._toasts) > MOST_KEPT:
            del self._toasts[0]

    def close(self, toast: Toast) -> None:
        """Remove a message that the user closes."""
        self._toasts = [known for known in self._toasts if known is not toast]

    def succeed(self, topic: str) -> None:
        """Remove the errors about something that has succeeded now."""
        self._toasts = [known for known in self._toasts if known.topic != topic]

    def fold(self) -> None:
        """Remove the messages that are not shown."""
        self._toasts = [known for known in self._toasts if known in self.shown]

    def expire(self, now: float) -> None:
        """Remove the messages whose time is over."""
        self._toasts = [known for known in self._toasts if known.end is None or known.end > now]

    @property
    def is_empty(self) -> bool:
        return not self._toasts

    @property
    def shown(self) -> list[Toast]:
        """The messages shown, oldest first: errors before others, the newest of each."""
        single = [toast for toast in self._toasts if toast.text]
        ranked = sorted(single, key=lambda toast: (toast.is_error, single.index(toast)))
        chosen = ranked[-MOST_SHOWN:]
        return [toast for toast in single if toast in chosen]

    @property
    def more(self) -> int:
        """The number of messages that are not shown."""
        return sum(toast.count for toast in self._toasts) - len(self.shown)


def _is_replaced(known: Toast, new: Toast) -> bool:
    is_same = known.text == new.text != ""
    return is_same or (new.is_error and known.is_error and known.topic == new.topic != "")
