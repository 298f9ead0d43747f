"""A picture of the table, as SVG: a bar for each row, of its rate and of its processor time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from benchmarks.table import Result

_WIDTH: Final = 860
_NAMES: Final = 250
"""Pixels for the names of the rows."""
_PANEL: Final = 290
_BAR: Final = 170
"""Pixels of a panel, and of its longest bar; the rest is for the figure behind it."""
_ROW: Final = 26
_TOP: Final = 56
_BOTTOM: Final = 34
_OURS: Final = "#2f7ed8"
_OTHERS: Final = "#a9b4c0"
_LIMIT: Final = "#5f6b7a"
_STYLE: Final = "text{font:13px sans-serif;fill:#24292f}.head{font-weight:bold}.note{fill:#57606a}"


def draw(results: Sequence[Result], note: str) -> str:
    """Return the picture; `note` is the line below it."""
    height = _TOP + _ROW * len(results) + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
    ]
    for number, result in enumerate(results):
        parts.append(_text(16, _TOP + _ROW * number + 17, result.name))
    parts += _panel(_NAMES, "GB/s: longer is better", results, lambda r: r.rate / 1e9)
    parts += _panel(
        _NAMES + _PANEL + 10, "CPU s/GiB: shorter is better", results, lambda r: r.cpu_per_gib
    )
    parts += [_text(16, height - 14, note, "note"), "</svg>", ""]
    return "\n".join(parts)


def _panel(
    left: int, title: str, results: Sequence[Result], figure: Callable[[Result], float]
) -> list[str]:
    longest = max(map(figure, results), default=1.0)
    parts = [_text(left, _TOP - 18, title, "head")]
    for number, result in enumerate(results):
        top, width = _TOP + _ROW * number + 3, max(1, round(_BAR * figure(result) / longest))
        parts.append(
            f'<rect x="{left}" y="{top}" width="{width}" height="{_ROW - 8}" rx="2" '
            f'fill="{_colour(result.name)}"/>'
        )
        parts.append(_text(left + width + 6, top + 14, f"{figure(result):.2f}"))
    return parts


def _colour(name: str) -> str:
    if "limit" in name:
        return _LIMIT
    return _OURS if "ours" in name else _OTHERS


def _text(x: int, y: int, text: str, kind: str = "") -> str:
    styled = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{styled}>{escape(text)}</text>'
