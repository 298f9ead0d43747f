"""The graph of download and upload rates over the last two minutes, with scale and key."""

from __future__ import annotations

from collections import deque

from nicegui import ui

from client.web.page.parts import graph
from client.web.page.translation import N_, _
from common.text import rate, size

SPAN = 120
"""The time span in seconds, with one sample per second."""


class RateGraph:
    """A graph of rates; its key in the row `key` has the current ones, and totals, as text."""

    def __init__(self, key: ui.row) -> None:
        self._down: deque[float] = deque(maxlen=SPAN)
        self._up: deque[float] = deque(maxlen=SPAN)
        with key.classes("key"):
            self._texts = {name: _entry(name) for name in ("down", "up")}
        with ui.element("div").classes("chart"):
            with ui.element("div").classes("scale quiet").props("aria-hidden=true"):
                self._scale = [ui.label() for _line in range(3)]
            self._graph = ui.html(graph.rates([], [], SPAN), sanitize=False).classes("graph-box")
        with ui.element("div").classes("times quiet").props("aria-hidden=true"):
            ui.label(_("2 minutes ago"))
            ui.label(_("now"))
        self._graph.props["role"] = "img"
        self._top = 0.0
        self._draw()

    def sample(self, down: float, up: float, totals: tuple[int, int] | None = None) -> None:
        """Add the current rates, in bytes per second; called once per second.

        `totals` are the bytes downloaded and uploaded so far.
        """
        self._down.append(down)
        self._up.append(up)
        self._show_texts(down, up, totals)
        if any(self._down) or any(self._up):
            self._graph.content = graph.rates(self._down, self._up, SPAN)
            self._draw()

    def _show_texts(self, down: float, up: float, totals: tuple[int, int] | None) -> None:
        texts = [
            _("Download {rate}").format(rate=rate(down)),
            _("Upload {rate}").format(rate=rate(up)),
        ]
        if totals is not None:
            total = _("{text}, {size} in total")
            texts = [
                total.format(text=text, size=size(count))
                for text, count in zip(texts, totals, strict=True)
            ]
        for label, text in zip(self._texts.values(), texts, strict=True):
            label.text = text
        name = _("Rates over the last two minutes, currently {rates}")
        self._graph.props["aria-label"] = name.format(rates=" · ".join(texts))

    def _draw(self) -> None:
        """Label the scale."""
        top = graph.top_of(self._down, self._up)
        if top != self._top:
            self._top = top
            for label, share in zip(self._scale, (1.0, 0.5, 0.0), strict=True):
                label.text = rate(top * share)


_NAMES = {"down": N_("Download"), "up": N_("Upload")}


def _entry(name: str) -> ui.label:
    """Create an entry of the key: the line's look, and its text."""
    with ui.element("span").classes("entry"):
        ui.element("span").classes(f"line {name}")
        return ui.label(_(_NAMES[name])).classes("quiet")
