"""A window of the list of transfers, filtered and sorted: there may be many thousands.

Of the transfers that aren't in the window, only what filters and sorts them is looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import Final, Literal, NamedTuple

from client.results.base import Result
from client.results.transfers import DownloadRow, TransferState
from client.services.views import download_fields
from client.transfers.transfer import Transfer

SortKey = Literal[
    "state", "name", "size", "progress", "down_rate", "up_rate", "left", "peers",
    "ratio", "uploaded", "added", "completed",
]  # fmt: skip

_RANKS: Final = {
    TransferState.DOWNLOADING: 0,
    TransferState.CHECKING: 1,
    TransferState.QUEUED: 2,
    TransferState.FAILED: 3,
    TransferState.PAUSED: 4,
    TransferState.SEEDING: 5,
}
"""The order by state: what runs, then what waits, then what is done."""


@dataclass(frozen=True)
class TransferQuery:
    """Which transfers to return: those in `state` whose name or group contains `pattern`.

    The pattern ignores case; with `*` or `?` it is a whole name. Transfers that are equal by `sort`
    are in the order of addition. `limit` is a number of rows.
    """

    state: TransferState | None = None
    pattern: str = ""
    sort: SortKey = "state"
    descending: bool = False
    limit: int = 200


class TransferRow(DownloadRow):
    """A download or a share, and what is remembered of it.

    `uploaded` is payload in bytes, `ratio` that divided by what was downloaded, or by the size of
    what was here from the start. Times are ISO 8601, UTC; `completed_at` is None while it isn't
    complete, or if the time isn't known.
    """

    complete: bool
    is_upload: bool
    uploaded: int
    ratio: float
    added_at: str
    completed_at: str | None


class TransferPage(Result):
    """The first `rows` of `total` transfers; `counts` has the number of transfers by state."""

    rows: list[TransferRow]
    total: int
    counts: dict[TransferState, int]


class TransferName(NamedTuple):
    """A transfer, and whether it is complete."""

    group: str
    name: str
    complete: bool


def list_page(transfers: Sequence[Transfer], query: TransferQuery) -> TransferPage:
    """Return the transfers that a query asks for."""
    listed = _by_state(transfers)
    found = _select(transfers, listed, query)
    return TransferPage(
        rows=[_row(transfer) for transfer in found[: query.limit]],
        total=len(found),
        counts={state: len(those) for state, those in listed.items()},
    )


def list_names(transfers: Sequence[Transfer], query: TransferQuery) -> list[TransferName]:
    """Return the names of all transfers that a query asks for, without its limit."""
    records = (transfer.record for transfer in _select(transfers, _by_state(transfers), query))
    return [TransferName(one.group, one.name, one.complete) for one in records]


_ByState = dict[TransferState, list[Transfer]]


def _by_state(transfers: Sequence[Transfer]) -> _ByState:
    """Return the transfers in each state, in the order of addition."""
    found: defaultdict[TransferState, list[Transfer]] = defaultdict(list)
    for transfer in transfers:
        found[transfer.state].append(transfer)
    return found


def _select(
    transfers: Sequence[Transfer], listed: _ByState, query: TransferQuery
) -> list[Transfer]:
    if query.state is not None:
        found = list(listed.get(query.state, ()))
    elif query.sort == "state":
        states = sorted(listed, key=_RANKS.__getitem__, reverse=query.descending)
        found = list(chain.from_iterable(listed[state] for state in states))
    else:
        found = list(transfers)
    if query.pattern:
        matches = _matcher(query.pattern)
        found = [one for one in found if matches(one.record.name, one.record.group)]
    if query.sort != "state":
        found.sort(key=_VALUES[query.sort], reverse=query.descending)
    return found


def _matcher(pattern: str) -> Callable[[str, str], bool]:
    """Return a function of name and group that tells whether either matches the pattern."""
    wanted = pattern.casefold()
    if "*" in wanted or "?" in wanted:
        return lambda name, group: any(
            fnmatchcase(text.casefold(), wanted) for text in (name, group)
        )
    return lambda name, group: wanted in name.casefold() or wanted in group.casefold()


def _uploaded(transfer: Transfer) -> int:
    return transfer.storage.uploaded(transfer.torrent)


def _ratio(transfer: Transfer) -> float:
    base = transfer.storage.downloaded(transfer.torrent) or transfer.size
    return _uploaded(transfer) / base if base else 0.0


def _rates(transfer: Transfer) -> tuple[float, float]:
    torrent = transfer.torrent
    return torrent.rates() if torrent is not None and torrent.connection_count else (0.0, 0.0)


def _peers(transfer: Transfer) -> int:
    torrent = transfer.torrent
    return torrent.connection_count if torrent is not None else 0


def _left(transfer: Transfer) -> float:
    """Return the seconds until it is complete; unknown times are the longest."""
    rate = _rates(transfer)[0]
    return transfer.missing / rate if rate > 0 and transfer.missing else float("inf")


def _completed(transfer: Transfer) -> str:
    record = transfer.record
    if not record.complete:
        return ""
    at = record.added_at if record.is_upload else record.completed_at
    return at.isoformat() if at else ""


_VALUES: Final[dict[SortKey, Callable[[Transfer], str | float]]] = {
    "name": lambda transfer: transfer.record.name.casefold(),
    "size": lambda transfer: transfer.size,
    "progress": lambda transfer: transfer.done / transfer.size if transfer.size else 1.0,
    "down_rate": lambda transfer: _rates(transfer)[0],
    "up_rate": lambda transfer: _rates(transfer)[1],
    "left": _left,
    "peers": _peers,
    "ratio": _ratio,
    "uploaded": _uploaded,
    "added": lambda transfer: transfer.record.added_at.isoformat(),
    "completed": _completed,
}


def _row(transfer: Transfer) -> TransferRow:
    record = transfer.record
    return TransferRow(
        **download_fields(transfer),
        complete=record.complete,
        is_upload=record.is_upload,
        uploaded=_uploaded(transfer),
        ratio=_ratio(transfer),
        added_at=record.added_at.isoformat(),
        completed_at=_completed(transfer) or None,
    )
