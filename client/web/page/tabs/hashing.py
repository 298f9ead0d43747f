"""The progress bar for files that are hashed before they are shared."""

from __future__ import annotations

from nicegui import ui

from client.web.page.translation import _
from common.text import percent


class HashBar:
    """A bar that is visible inside its context, while something is hashed.

    It keeps its space when hidden, so that nothing moves under the pointer.
    """

    def __init__(self) -> None:
        self._running = 0
        self._share = 0.0
        with ui.element("div").classes("hashing idle") as self._box:
            self._label = ui.label(_("Reading")).classes("quiet")
            self._bar = ui.linear_progress(0.0, show_value=False)
        self._bar.props["aria-label"] = _("Reading the file")
        self._timer = ui.timer(0.5, self._draw, active=False)

    def __enter__(self) -> HashBar:
        self._running += 1
        self._share = 0.0
        self._show()
        return self

    def __exit__(self, *_: object) -> None:
        self._running -= 1
        self._show()

    def report(self, done: int, total: int) -> None:
        """Report that `done` of `total` bytes are hashed; may be called from any thread."""
        self._share = done / total if total else 1.0

    def _show(self) -> None:
        self._draw()
        self._timer.active = self._running > 0
        if self._running:
            self._box.classes(remove="idle")
        else:
            self._box.classes("idle")

    def _draw(self) -> None:
        self._bar.value = self._share
        self._label.text = _("Reading: {percent}").format(percent=percent(self._share))
