"""The lines that are measured, their table, and what it has to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.line.measure import LineResult
from benchmarks.line.shape import MEGABIT, Shape
from benchmarks.table import align
from benchmarks.targets import Verdict

LINES: Final = (
    Shape(0.05, 200 * MEGABIT),
    Shape(0.05, 400 * MEGABIT),
    Shape(0.2, 200 * MEGABIT),
    Shape(0.2, 400 * MEGABIT),
    Shape(0.05, 200 * MEGABIT, 0.01),
    Shape(0.2, 200 * MEGABIT, 0.01),
)
QUICK: Final = (LINES[0], LINES[4])

_ROUND_TRIPS: Final = 5
_AGAINST_LIBTORRENT: Final = 1.0


def render(results: Sequence[LineResult]) -> str:
    """Format the table."""
    head = ("line", "TCP", "ours", "libtorrent", "ours/libtorrent", "first piece")
    return align([head, *map(_row, results)])


def _row(result: LineResult) -> tuple[str, ...]:
    return (
        str(result.shape),
        f"{result.tcp / MEGABIT:.0f}",
        f"{result.ours / MEGABIT:.0f}",
        f"{result.libtorrent / MEGABIT:.0f}",
        f"{result.against_libtorrent:.2f}",
        f"{result.first_piece:.2f} s = {result.round_trips:.1f} round trips",
    )


def judge(results: Sequence[LineResult]) -> list[Verdict]:
    """Return the verdicts: goodput on every line, the first piece on those without loss."""
    verdicts = [
        Verdict(
            f"goodput against libtorrent, {result.shape}",
            result.against_libtorrent,
            _AGAINST_LIBTORRENT,
            is_least=True,
        )
        for result in results
    ]
    verdicts += [
        Verdict(
            f"round trips to the first piece, {result.shape}",
            result.round_trips,
            _ROUND_TRIPS,
            is_least=False,
        )
        for result in results[:1]
    ]
    return verdicts
