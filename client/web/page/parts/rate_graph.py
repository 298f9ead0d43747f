"""The graph of download and upload rates over the last two minutes."""

from __future__ import annotations

from collections import deque

from nicegui import ui

from client.web.page.parts import graph
from client.web.page.translation import _
from common.text import rate

SPAN = 120
"""The time span in seconds, with one sample per second."""


class RateGraph:
    """A graph of rates; `label` shows the current ones as text."""

    def __init__(self, label: ui.label) -> None:
        self._label = label.classes("quiet rates")
        self._down: deque[float] = deque(maxlen=SPAN)
        self._up: deque[float] = deque(maxlen=SPAN)
        self._graph = ui.html(graph.rates([], [], SPAN), sanitize=False).classes("graph-box")
        self._graph.props["role"] = "img"

    def sample(self, down: float, up: float) -> None:
        """Add the current rates, in bytes per second; called once per second."""
        self._down.append(down)
        self._up.append(up)
        text = f"↓ {rate(down)}   ↑ {rate(up)}"
        if text != self._label.text:
            self._label.text = text
            self._graph.props["aria-label"] = _(
                "Rates over the last two minutes, currently {rates}"
            ).format(rates=text)
        if any(self._down) or any(self._up):
            self._graph.content = graph.rates(self._down, self._up, SPAN)
