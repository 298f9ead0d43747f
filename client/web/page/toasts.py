"""The messages at the edge of a window."""

from __future__ import annotations

import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from nicegui import Client, ui

from client.web.page.sentences import in_page_words
from client.web.page.toast_list import Toast, ToastList
from client.web.page.translation import _, ngettext
from common.errors import ErrorCode, MinitorrentError

_MESSAGE_TIME = 6.0  # seconds
_ERROR_TIME = 12.0  # seconds

_of_windows: WeakKeyDictionary[Client, Toasts] = WeakKeyDictionary()


class CommandError(MinitorrentError):
    """The error of a command, which knows the command's name."""

    def __init__(self, command: str, error: MinitorrentError) -> None:
        super().__init__(error.code, error.message)
        self.command = command


class Toasts:
    """The messages of the window that is being drawn."""

    def __init__(self) -> None:
        self._list = ToastList()
        self._drawn: dict[Toast, ui.element] = {}
        self.show_rest: Callable[[], object] | None = None
        """What the line "and 4 more" does: it shows all notices."""
        with ui.element("div").classes("toasts") as self._box:
            self._more = ui.button(on_click=self._unfold, color=None)
            self._more.props("flat dense no-caps").classes("toast-more")
        self._more.visible = False
        self._timer = ui.timer(0.5, self._expire, active=False)
        _of_windows[ui.context.client] = self

    def add(self, toast: Toast) -> None:
        """Show a message, or count it if there are too many."""
        self._list.add(toast)
        self._draw()

    def succeed(self, topic: str) -> None:
        """Remove the errors about something that has succeeded now."""
        if not self._list.is_empty:
            self._list.succeed(topic)
            self._draw()

    def _expire(self) -> None:
        self._list.expire(time.monotonic())
        self._draw()

    def _close(self, toast: Toast) -> None:
        self._list.close(toast)
        self._draw()

    def _unfold(self) -> None:
        self._list.fold()
        self._draw()
        if self.show_rest is not None:
            self.show_rest()

    def _draw(self) -> None:
        shown = self._list.shown
        for toast in [toast for toast in self._drawn if toast not in shown]:
            self._drawn.pop(toast).delete()
        with self._box:
            for toast in shown:
                if toast not in self._drawn:
                    self._drawn[toast] = self._make(toast)
        more = self._list.more
        text = ngettext("and {number} more", "and {number} more", more).format(number=more)
        if more:
            self._more.text = text
            self._more.move(target_index=-1)
        self._more.visible = more > 0
        self._timer.active = not self._list.is_empty

    def _make(self, toast: Toast) -> ui.element:
        made = ui.element("div").classes("toast error" if toast.is_error else "toast")
        made.props["role"] = "alert"
        with made:
            ui.label(toast.text).classes("name grow")
            close = ui.button(icon="close", on_click=lambda: self._close(toast), color=None)
            close.props("flat round dense").props["aria-label"] = _("Close message")
        return made


def show_message(text: str, *, stays: bool = False) -> None:
    """Show a message for a few seconds, or until the user closes it, as plain text."""
    _add(Toast(text, None if stays else time.monotonic() + _MESSAGE_TIME))


def show_error(error: MinitorrentError, topic: str = "") -> None:
    """Show an error until its topic succeeds, a command unless given, or for a while.

    Internal errors stay until the user closes them.
    """
    if isinstance(error, CommandError):
        topic = topic or error.command
    seconds = None if error.code is ErrorCode.INTERNAL else time.monotonic() + _ERROR_TIME
    _add(Toast(in_page_words(error.message), seconds, is_error=True, topic=topic))


def count_more(number: int) -> None:
    """Count notices that are not shown as messages, because there are too many at once."""
    _add(Toast("", time.monotonic() + _MESSAGE_TIME, count=number))


def has_succeeded(topic: str) -> None:
    """Remove the errors about something, such as a command, that has succeeded now."""
    shown = _of_window()
    if shown is not None:
        shown.succeed(topic)


def _add(toast: Toast) -> None:
    shown = _of_window()
    if shown is not None:
        shown.add(toast)


def _of_window() -> Toasts | None:
    """Return the messages of the window that is being drawn, None if it has been closed."""
    try:
        return _of_windows.get(ui.context.client)
    except RuntimeError:
        return None
