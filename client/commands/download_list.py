"""The command show_downloads: which downloads it shows, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from client.commands.command import Arguments, Command, Context, Kind, Option
from client.results.transfers import DownloadRow, DownloadsResult, TransferState
from common.errors import ErrorCode, MinitorrentError

_PLACES: Mapping[TransferState, int] = MappingProxyType(
    {
        TransferState.DOWNLOADING: 0,
        TransferState.CHECKING: 1,
        TransferState.QUEUED: 2,
        TransferState.PAUSED: 3,
        TransferState.FAILED: 4,
        TransferState.SEEDING: 5,
    }
)
"""The order of the states in lists: what runs comes first, what is complete last."""

STATES: Mapping[str, TransferState] = MappingProxyType(
    {
        "running": TransferState.DOWNLOADING,
        "checking": TransferState.CHECKING,
        "queued": TransferState.QUEUED,
        "paused": TransferState.PAUSED,
        "failed": TransferState.FAILED,
        "complete": TransferState.SEEDING,
    }
)
"""The states by the words of the list; --state takes those of JSON too."""

_STATES_BY_WORD = {**STATES, **{state.value: state for state in TransferState}}


def in_order(rows: Iterable[DownloadRow]) -> list[DownloadRow]:
    """Return downloads with the running ones first, in their former order within each state."""
    return sorted(rows, key=lambda row: _PLACES[row.state])


def _show_downloads(context: Context, arguments: Arguments) -> DownloadsResult:
    typed = arguments.optional("state") or ""
    chosen = _states(typed)

    def read() -> DownloadsResult:
        found = context.session.transfers.downloads().downloads
        rows = [row for row in found if row.state in chosen]
        return DownloadsResult(downloads=in_order(rows), states=typed)

    result = read()
    if "watch" not in arguments.flags:
        return result
    if context.watch is None:
        raise MinitorrentError(
            ErrorCode.USAGE,
            "--watch needs a terminal. Without one, run show_downloads again, or wait for the end"
            " of your downloads with: wait",
        )
    context.watch(read)
    return read()


def _states(typed: str) -> frozenset[TransferState]:
    """Return the states named in a list with commas, all for ""; raises MinitorrentError(usage)."""
    words = [word.strip().casefold() for word in typed.split(",")] if typed else list(STATES)
    unknown = next((word for word in words if word not in _STATES_BY_WORD), None)
    if unknown is not None:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"{unknown!r} is not a state; --state takes one of {', '.join(STATES)}, or several"
            " with commas: show_downloads --state paused,failed",
        )
    return frozenset(_STATES_BY_WORD[word] for word in words)


SHOW_DOWNLOADS = Command(
    name="show_downloads",
    topic="transfers",
    summary="show your downloads and their progress",
    run=_show_downloads,
    options=(
        Option(
            "state",
            "show only those in this state; several with commas",
            value="STATE",
            kind=Kind.STATE,
            repeats=True,
        ),
        Option("watch", "at a terminal, show them until you press Ctrl-C"),
    ),
    details="[D] downloading, [Q] checking or queued, [P] paused, [F] failed, [C] complete (and"
    " seeding), in this order. STATE is one of running, checking, queued, paused, failed and"
    " complete. With --watch the list is redrawn every second until you press Ctrl-C or q; without"
    " a terminal, as in a script, --watch is an error.",
    example="show_downloads --state running,paused",
)
