"""The screen that text is laid out for: its width, colours and tables."""

from __future__ import annotations

import io
import os
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from client.shell.terminal.widths import cell_width
from common.text import LONGEST_VALUE, harmless

ENDLESS = 100_000
"""The width used where output isn't a terminal, so that nothing is wrapped."""


@dataclass(frozen=True)
class Column:
    """A column of a table; `right` aligns its values on the right, as for numbers."""

    title: str
    right: bool = False
    folds: bool = False
    """Whether values may wrap when the table is too wide."""


_COLOURS = {"green": "32", "yellow": "33", "cyan": "36", "red": "31", "bold": "1"}


@dataclass(frozen=True)
class Screen:
    """What the output can display. `width` is in columns, None if it isn't a terminal."""

    width: int | None = None
    colour: bool = False
    unicode: bool = True

    def paint(self, text: str, colour: str) -> str:
        """Return the text in a colour of _COLOURS, or unchanged if the output shows none."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.colour else text

    def shown(self, text: str) -> str:
        """Make text from outside displayable, so that its width is what it appears to be."""
        safe = harmless(text, LONGEST_VALUE)
        if self.width is None or self.unicode:
            return safe
        return safe.encode("ascii", "backslashreplace").decode()

    def wrap(self, text: str, indent: str = "") -> str:
        """Wrap a sentence between words, and within words that are too long.

        `indent` goes before all lines but the first.
        """
        if self.width is None:
            return text
        return textwrap.fill(text, self.width, subsequent_indent=indent, break_on_hyphens=False)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
        """Format rows as a table under headings; cells may contain any text."""
        shown = [[self.shown(cell) for cell in row] for row in rows]
        widths = [
            max(map(cell_width, (column.title, *(row[at] for row in shown))))
            for at, column in enumerate(columns)
        ]
        if self.width is None or sum(widths) + 2 * (len(widths) - 1) <= self.width:
            return self._aligned(columns, shown, widths)
        return self._folded(columns, shown)

    def _aligned(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int]
    ) -> str:
        """Format a table that fits; rich takes ten times as long, and lists can be very long."""

        def line(cells: Sequence[str], *, bold: bool = False) -> str:
            padded = []
            for cell, column, width in zip(cells, columns, widths, strict=True):
                blank = " " * (width - cell_width(cell))
                text = self.paint(cell, "bold") if bold else cell
                padded.append(blank + text if column.right else text + blank)
            return "  ".join(padded).rstrip()

        head = line([column.title for column in columns], bold=True)
        return "\n".join([head, *map(line, rows)])

    def _folded(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
        """Format a table that is too wide for the screen, wrapping its cells."""
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


class Stream(Protocol):
    """What answers are printed to: a stream of this process, or the caller's."""

    @property
    def encoding(self) -> str: ...

    def isatty(self) -> bool: ...

    def write(self, text: str, /) -> object: ...

    def flush(self) -> None: ...


def screen_of(stream: Stream) -> Screen:
    """Return what a stream can display; only terminals have a width and colours.

    A stream that isn't of this process has an attribute `screen`.
    """
    known = getattr(stream, "screen", None)
    if isinstance(known, Screen):
        return known
    unicode = can_show(stream.encoding)
    if not stream.isatty():
        return Screen(unicode=unicode)
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    width = shutil.get_terminal_size().columns
    return Screen(width=width, colour=not plain, unicode=unicode)


def can_show(encoding: str | None) -> bool:
    """Return whether this encoding has the characters for bars, arrows and dots."""
    try:
        "█░…·↓↑".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
