"""What text is laid out for: the screen, and aligned tables on it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from client.commands import units
from common.text import LONGEST_VALUE, harmless

ENDLESS = 100_000
"""Columns of an output that is not a terminal: nothing is ever wrapped for it."""


@dataclass(frozen=True)
class Column:
    """A column's heading, and whether its values line up on the right, as numbers do."""

    title: str
    right: bool = False
    folds: bool = False
    """Whether values may go on in the next line when the table is too wide."""


_COLOURS = {"green": "32", "yellow": "33", "cyan": "36", "red": "31", "bold": "1"}


@dataclass(frozen=True)
class Screen:
    """Where text goes: columns (None: not a terminal, nothing is cut), and what it can show."""

    width: int | None = None
    colour: bool = False
    unicode: bool = True

    def paint(self, text: str, colour: str) -> str:
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.colour else text

    def shown(self, text: str) -> str:
        """Text from outside as this screen can show it, so that it takes the room it seems to."""
        safe = harmless(text, LONGEST_VALUE)
        if self.width is None or self.unicode:
            return safe
        return safe.encode("ascii", "backslashreplace").decode()

    def wrap(self, text: str) -> str:
        """Break a sentence between words, and a word that is too long where it must be."""
        if self.width is None:
            return text
        return textwrap.fill(text, self.width, break_on_hyphens=False)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
        """Lay rows out under headings; cells may hold any text."""
        shown = [[self.shown(cell) for cell in row] for row in rows]
        widths = [
            max(map(units.columns, (column.title, *(row[at] for row in shown))))
            for at, column in enumerate(columns)
        ]
        if self.width is None or sum(widths) + 2 * (len(widths) - 1) <= self.width:
            return self._aligned(columns, shown, widths)
        return self._folded(columns, shown)

    def _aligned(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int]
    ) -> str:
        """A table that fits: rich takes ten times as long, and lists have thousands of rows."""

        def line(cells: Sequence[str], *, bold: bool = False) -> str:
            padded = []
            for cell, column, width in zip(cells, columns, widths, strict=True):
                blank = " " * (width - units.columns(cell))
                text = self.paint(cell, "bold") if bold else cell
                padded.append(blank + text if column.right else text + blank)
            return "  ".join(padded).rstrip()

        head = line([column.title for column in columns], bold=True)
        return "\n".join([head, *map(line, rows)])

    def _folded(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
        """A table too wide for the screen, with cells that go on in the next line."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for column in columns:
            grid.add_column(
                column.title,
                justify="right" if column.right else "left",
                no_wrap=not column.folds,
                overflow="fold",
            )
        for row in rows:
            grid.add_row(*(Text(cell) for cell in row))
        out = io.StringIO()
        console = Console(
            file=out,
            width=self.width or ENDLESS,
            color_system="standard" if self.colour else None,
            force_terminal=self.colour,
            legacy_windows=False,
        )
        console.print(grid)
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
