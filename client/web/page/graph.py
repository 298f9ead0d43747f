"""Pictures in SVG, drawn from numbers only: rates over time, and which pieces are there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_WIDTH, _HEIGHT = 240, 48
_ROW = 64
_CELL = 6


def rates(down: Sequence[float], up: Sequence[float], span: int) -> str:
    """Two curves, scaled alike; the newest values are at the right, `span` values fill the width.

    Values are bytes a second.
    """
    top = max([*down, *up, 1.0])
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" class="graph" '
        f'aria-hidden="true">{_curve(down, "down", top, span)}{_curve(up, "up", top, span)}</svg>'
    )


def _curve(values: Sequence[float], name: str, top: float, span: int) -> str:
    shown = list(values)[-span:]
    step = _WIDTH / max(1, span - 1)
    start = _WIDTH - step * (len(shown) - 1)
    points = " ".join(
        f"{start + at * step:.1f},{_HEIGHT - 2 - value / top * (_HEIGHT - 4):.1f}"
        for at, value in enumerate(shown)
    )
    return f'<polyline class="{name}" points="{points}"/>'


def pieces(here: Sequence[float], elsewhere: Sequence[int]) -> str:
    """A cell for each run of pieces: filled as far as they are here, marked where nobody has them.

    `here` is the share that is here (0 to 1), `elsewhere` the number of connected peers that have
    all of the run.
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
    if share >= 1:
        return "here"
    if share > 0:
        return "partly"
    return "there" if peers else "nowhere"
