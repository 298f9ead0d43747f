"""The toolbar below the prompt: running downloads, then the client's state. Pure."""

from __future__ import annotations

from client.commands.download_list import in_order
from client.results.overview import Overview
from client.results.transfers import DownloadRow
from client.shell.downloads import RUNNING
from client.shell.terminal import widths
from client.shell.terminal.screen import Screen
from common.text import count, duration, percent, rate, visible

_MOST_TRANSFERS = 3
"""Downloads shown, a line each."""

_BAR_WIDTH = 16
_USUAL_WIDTH = 80


def prompt_text(overview: Overview) -> str:
    """Return `ann@lab> `, `ann> ` without a group in use, or `minitorrent> ` before login."""
    if overview.user is None:
        return "minitorrent> "
    name = overview.user if overview.group is None else f"{overview.user}@{overview.group}"
    return f"{visible(name)}> "


def toolbar_lines(overview: Overview, screen: Screen) -> list[str]:
    """Return a line for each of the first running downloads, then one for the client's state."""
    width = screen.width or _USUAL_WIDTH
    running = in_order(row for row in overview.downloads if row.state in RUNNING)
    lines = [_transfer(row, width, screen) for row in running[:_MOST_TRANSFERS]]
    return [*lines, _state(overview, len(running), width, screen)]


def _transfer(row: DownloadRow, width: int, screen: Screen) -> str:
    bar = widths.bar(row.progress, _BAR_WIDTH, unicode=screen.unicode)
    left = f"{duration(row.eta)} left" if row.eta is not None else str(row.state)
    details = f" {bar} {percent(row.progress):>6} {rate(row.down_rate):>10}  {left:<16}"
    name_width = width - len(details) - 1
    name = widths.shorten(visible(f"{row.group}/{row.name}"), name_width, unicode=screen.unicode)
    return f" {widths.pad(name, name_width)}{details}"


def _state(overview: Overview, running: int, width: int, screen: Screen) -> str:
    down, up = ("↓", "↑") if screen.unicode else ("down", "up")
    parts = [f"tracker {overview.tracker}"]
    if overview.user is not None:
        parts.append(f"{down} {rate(overview.down_rate)}")
        parts.append(f"{up} {rate(overview.up_rate)}")
        parts.append(f"seeding {overview.seeding}")
        if overview.pending_requests:
            parts.append(count(overview.pending_requests, "request"))
    if running > _MOST_TRANSFERS:
        parts.append(f"{running - _MOST_TRANSFERS} more running")
    separator = " · " if screen.unicode else " | "
    line = f" {parts[0]}"
    for part in parts[1:]:
        if len(line) + len(separator) + len(part) <= width:  # leave out what doesn't fit
            line += separator + part
    return line[:width]
