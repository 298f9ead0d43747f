"""What the table has to show: ratios within one run, which carry over to other machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks import rows
from benchmarks.table import MIB, Figures, Result, align, costs, rates, ratio


@dataclass(frozen=True)
class Verdict:
    """A figure with its bound, the least or the most that it may be."""

    what: str
    measured: float
    bound: float
    is_least: bool

    @property
    def reached(self) -> bool:
        """Return whether the figure, as printed, is within its bound."""
        shown = round(self.measured, 2)
        return shown >= self.bound if self.is_least else shown <= self.bound


@dataclass(frozen=True)
class Target:
    """A bound for the ratio of two rows: the least for rates, the most for costs."""

    what: str
    figures: Figures
    row: str
    reference: str
    bound: float

    def judge(self, results: Mapping[str, Result]) -> Verdict | None:
        """Return the verdict, or None if one of the two rows wasn't measured."""
        if self.row not in results or self.reference not in results:
            return None
        measured = ratio(self.figures, results[self.row], results[self.reference])
        return Verdict(self.what, measured, self.bound, self.figures is rates)


_ON_DISK: Final = Target(
    "on a disk, sync included: GB/s, open, against libtorrent, which doesn't sync",
    rates,
    rows.OPEN,
    rows.LIBTORRENT,
    1.3,
)
_IN_MEMORY: Final = (
    Target("GB/s, open, against libtorrent", rates, rows.OPEN, rows.LIBTORRENT, 2.2),
    Target("GB/s, open, against the limit", rates, rows.OPEN, rows.LIMIT, 0.9),
    Target("GB/s, open, against aria2", rates, rows.OPEN, rows.ARIA2, 2.5),
    Target("GB/s, sealed, against libtorrent's SSL torrent", rates, rows.SEALED, rows.SSL, 2.0),
    Target(
        "GB/s, sealed, against libtorrent in plain text", rates, rows.SEALED, rows.LIBTORRENT, 1.0
    ),
    Target(
        "GB/s, ours to libtorrent, against libtorrent alone",
        rates,
        rows.TO_LIBTORRENT,
        rows.LIBTORRENT,
        1.5,
    ),
    Target(
        "GB/s, libtorrent to ours, against libtorrent alone",
        rates,
        rows.FROM_LIBTORRENT,
        rows.LIBTORRENT,
        1.1,
    ),
    Target("GB/s, four seeders, against one", rates, rows.FOUR, rows.OPEN, 0.9),
)
_ANYWHERE: Final = (
    Target("GB/s, hashing, against mktorrent", rates, rows.HASH, rows.MKTORRENT, 1.0),
    Target("CPU s/GiB, open, against libtorrent", costs, rows.OPEN, rows.LIBTORRENT, 0.5),
    Target("CPU s/GiB, open, against the limit", costs, rows.OPEN, rows.LIMIT, 1.2),
    Target("CPU s/GiB, sealed, against the limit", costs, rows.SEALED, rows.LIMIT, 2.2),
)
_MOST_ANONYMOUS: Final = 100
_OURS: Final = (rows.OPEN, rows.FOUR, rows.SEALED, rows.HASH)


def judge(results: Sequence[Result], *, on_disk: bool) -> list[Verdict]:
    """Return the verdicts on all targets whose rows were measured."""
    by_name = {result.name: result for result in results}
    targets = [*([_ON_DISK] if on_disk else _IN_MEMORY), *_ANYWHERE]
    verdicts = [target.judge(by_name) for target in targets]
    ours = [by_name[name].anonymous for name in _OURS if name in by_name]
    if ours:
        most = max(ours) / MIB
        what = "MiB of memory that is no file cache, ours"
        verdicts.append(Verdict(what, most, _MOST_ANONYMOUS, is_least=False))
    return [verdict for verdict in verdicts if verdict is not None]


def render(verdicts: Sequence[Verdict]) -> str:
    """Format the verdicts, one in a line."""
    lines = [("targets", "bound", "measured", "")]
    for one in verdicts:
        bound = f"{'at least' if one.is_least else 'at most'} {one.bound:g}"
        said = "reached" if one.reached else "missed"
        lines.append((one.what, bound, f"{one.measured:.2f}", said))
    return align(lines)
