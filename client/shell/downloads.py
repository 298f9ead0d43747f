"""Formats downloads, one per line. Pure.

A line looks like `[D] lab film.mkv  45.2%  12.3 MiB/s  3 peers  2 min 10 s left`.
"""

from __future__ import annotations

from collections.abc import Sequence

from client.results.transfers import DownloadRow, TransferState
from client.shell.terminal import widths
from client.shell.terminal.screen import Screen
from common.text import count, duration, percent, rate, size, visible

_LETTERS = {
    TransferState.QUEUED: ("Q", "yellow"),
    TransferState.CHECKING: ("Q", "yellow"),
    TransferState.DOWNLOADING: ("D", "cyan"),
    TransferState.SEEDING: ("C", "green"),
    TransferState.PAUSED: ("P", "yellow"),
    TransferState.FAILED: ("F", "red"),
}
_SHORTEST_NAME = 8
"""Columns that a name keeps on a narrow screen."""

RUNNING = frozenset({TransferState.QUEUED, TransferState.CHECKING, TransferState.DOWNLOADING})
"""States in which a download continues by itself until it is complete."""


def download_lines(rows: Sequence[DownloadRow], screen: Screen) -> list[str]:
    """Return the lines of `show_downloads`, with names aligned and shortened to fit the screen."""
    groups = [screen.shown(row.group) for row in rows]
    details = [_details(row) for row in rows]
    widest_group = max(map(widths.cell_width, groups), default=0)
    name_width = None
    if screen.width is not None:
        taken = len("[D] ") + widest_group + len(" ") + len("  ")  # without name and details
        longest = max(
            (len(f) for f, row in zip(details, rows, strict=True) if not row.error), default=0
        )
        name_width = max(_SHORTEST_NAME, screen.width - taken - longest)
    names = [_name(row.name, name_width, screen) for row in rows]
    widest_name = max(map(widths.cell_width, names), default=0)
    return [
        " ".join(
            (
                _mark(row, screen),
                widths.pad(group, widest_group),
                widths.pad(name, widest_name),
                f" {detail}",
            )
        )
        for row, group, name, detail in zip(rows, groups, names, details, strict=True)
    ]


def _mark(row: DownloadRow, screen: Screen) -> str:
    letter, colour = _LETTERS[row.state]
    return f"[{screen.paint(letter, colour)}]"


def _name(name: str, name_width: int | None, screen: Screen) -> str:
    shown = screen.shown(name)
    return (
        shown if name_width is None else widths.shorten(shown, name_width, unicode=screen.unicode)
    )


def _details(row: DownloadRow) -> str:
    """Return what a line shows after the name: progress, rate, peers and time left."""
    done = f"{percent(row.progress):>6} of {size(row.size):<8}"
    if row.state is TransferState.FAILED:
        return visible(row.error or "failed")
    if row.state is TransferState.SEEDING:
        sending = f"  up {rate(row.up_rate)}" if row.up_rate else ""
        return f"{done}{sending}".rstrip()
    if row.state is not TransferState.DOWNLOADING:
        return f"{done}  {row.state}"
    if not row.peers:
        return f"{done}  no peers yet"
    left = f"  {duration(row.eta)} left" if row.eta is not None else ""
    return f"{done}  {rate(row.down_rate):>10}  {count(row.peers, 'peer')}{left}"
