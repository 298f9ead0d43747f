"""Formats the results of commands on several files in a sentence, which names the first of them."""

from __future__ import annotations

from collections.abc import Sequence

from client.results.files import EndedSharesResult, StartedDownloadsResult, UploadsResult
from client.results.transfers import TransfersResult
from client.shell.terminal.screen import Screen
from common.text import count, size, visible

_MAX_NAMES = 20
"""Names listed in a sentence; of more, their number is given."""

_FEW_NAMES = 6
"""The same for the files of a command, whose user knows which they are."""

Changed = TransfersResult | EndedSharesResult


def some(names: Sequence[str], more: int = 0) -> str:
    """Join names with commas; of many, only the first. `more` counts names that aren't given."""
    shown = ", ".join(map(visible, names[:_MAX_NAMES]))
    left = len(names[_MAX_NAMES:]) + more
    return f"{shown} and {left:,} more" if left else shown


def _few(names: Sequence[str]) -> str:
    return some(names[:_FEW_NAMES], len(names[_FEW_NAMES:]))


def uploads_text(result: UploadsResult, screen: Screen) -> str:
    """Return `Sharing 3 files with lab, 3.0 MiB: a, b, c`; shared folders count as one."""
    total = size(sum(file.size for file in result.files))
    start = f"Sharing {count(len(result.files), 'file')} with {visible(result.group)}, {total}"
    return screen.wrap(f"{start}: {_few([file.name for file in result.files])}")


def started_text(result: StartedDownloadsResult, screen: Screen) -> str:
    """Return `Downloading 3 files from lab to /data: a, b, c`, and how many are here already."""
    group, names = visible(result.group), [one.name for one in result.downloads]
    have = "you have or are downloading already"
    present = f"{count(result.present, 'file')} {have}" if result.present else ""
    if not names:
        return f"Nothing to download from {group}{f': {present}' if present else ''}"
    rest = f"; {present}" if present else ""
    start = f"Downloading {count(len(names), 'file')} from {group} to {visible(result.folder)}"
    return screen.wrap(f"{start}: {_few(names)}{rest}")


def changed_text(template: str, result: Changed, screen: Screen) -> str:
    """Fill the count, the group and the first names into a command's template."""
    if isinstance(result, TransfersResult):
        names, noun = [one.name for one in result.transfers], "transfer"
    else:
        names, noun = result.names, "file"
    total, group = count(len(names), noun), visible(result.group)
    return screen.wrap(template.format(count=total, group=group, names=_few(names)))
