"""SVG graphs, made from numbers only: rates over time, and a map of the pieces. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_WIDTH, _HEIGHT = 240, 48
_MARGIN = 2
"""Space above and below the curves, for their stroke."""

_ROW = 64
"""Cells in a row of the map."""

_CELL = 6


_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1024)
"""The round numbers of a unit."""


def top_of(down: Sequence[float], up: Sequence[float]) -> float:
    """Return the rate at the upper edge of the graph: a round one, at least the highest."""
    highest, unit = max([*down, *up, 0.0]), 1024.0
    while unit * _STEPS[-1] < highest:
        unit *= 1024
    return next(unit * step for step in _STEPS if unit * step >= highest)


def rates(down: Sequence[float], up: Sequence[float], span: int) -> str:
    """Draw two curves on the scale of `top_of`; `span` values fill the width, the newest is right.

    Values are bytes per second.
    """
    top = top_of(down, up)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" class="graph" '
        f'aria-hidden="true">{_curve(down, "down", top, span)}{_curve(up, "up", top, span)}</svg>'
    )


def _curve(values: Sequence[float], name: str, top: float, span: int) -> str:
    shown = list(values)[-span:]
    step = _WIDTH / max(1, span - 1)
    start = _WIDTH - step * (len(shown) - 1)
    bottom, height = _HEIGHT - _MARGIN, _HEIGHT - 2 * _MARGIN
    points = " ".join(
        f"{start + at * step:.1f},{bottom - value / top * height:.1f}"
        for at, value in enumerate(shown)
    )
    return f'<polyline class="{name}" points="{points}"/>'


def pieces(here: Sequence[float], elsewhere: Sequence[int]) -> str:
    """Draw a cell for each run of pieces, with its own mark where no peer has the run.

    `here` is the share of the run that we have (0 to 1), `elsewhere` the number of connected peers
    that have all of it.
    """
    rows = -(-len(here) // _ROW)
    cells = "".join(
        f'<rect class="{_kind(share, peers)}" x="{at % _ROW * _CELL}" y="{at // _ROW * _CELL}" '
        f'width="{_CELL - 1}" height="{_CELL - 1}"/>'
        for at, (share, peers) in enumerate(zip(here, elsewhere, strict=True))
    )
    return (
        f'<svg viewBox="0 0 {_ROW * _CELL} {rows * _CELL}" class="pieces" aria-hidden="true">'
        f"{cells}</svg>"
    )


def _kind(share: float, peers: int) -> str:
    """Return the style of a cell."""
    if share >= 1:
        return "here"
    if share > 0:
        return "partly"
    return "there" if peers else "nowhere"
