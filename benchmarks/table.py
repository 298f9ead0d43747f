"""The table that `make bench` prints: one row per transfer, medians, ratios within the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from benchmarks.meter import Sample

GIB = 1024**3
MIB = 1024**2


@dataclass(frozen=True)
class Result:
    """All runs of one row, in their order, for a content of `size` bytes."""

    name: str
    size: int
    samples: tuple[Sample, ...]

    @property
    def rates(self) -> list[float]:
        """Return the rate of each run in bytes a second."""
        return [self.size / sample.seconds for sample in self.samples]

    @property
    def costs(self) -> list[float]:
        """Return the processor seconds per GiB of each run, of all its processes."""
        return [sample.cpu_seconds * GIB / self.size for sample in self.samples]

    @property
    def rate(self) -> float:
        """Return the median rate in bytes a second."""
        return median(self.rates)

    @property
    def cpu_per_gib(self) -> float:
        """Return the median processor seconds per GiB."""
        return median(self.costs)

    @property
    def anonymous(self) -> int:
        """Return the highest peak of anonymous memory, in bytes."""
        return max(sample.anonymous for sample in self.samples)


Figures: TypeAlias = Callable[[Result], list[float]]
"""One figure of each run."""


def rates(result: Result) -> list[float]:
    """Return `Result.rates`."""
    return result.rates


def costs(result: Result) -> list[float]:
    """Return `Result.costs`."""
    return result.costs


def ratio(figures: Figures, result: Result, other: Result) -> float:
    """Return the median of the ratios within each run: both rows had the same neighbours there."""
    pairs = zip(figures(result), figures(other), strict=True)
    return median(ours / theirs for ours, theirs in pairs if theirs)


def render(results: Sequence[Result], limit: str) -> str:
    """Format the table, with each row's ratios to the row named `limit`, if that was measured."""
    reference = next((result for result in results if result.name == limit), None)
    rows = [("", "GB/s", "x limit", "CPU s/GiB", "x limit", "anon MiB")]
    for result in results:
        low, high = min(result.rates), max(result.rates)
        rows.append(
            (
                result.name,
                f"{result.rate / 1e9:.3f} ({low / 1e9:.2f}-{high / 1e9:.2f})",
                f"{ratio(rates, result, reference):.2f}" if reference else "-",
                f"{result.cpu_per_gib:.2f}",
                f"{ratio(costs, result, reference):.2f}" if reference else "-",
                f"{result.anonymous / MIB:.0f}" if result.anonymous else "-",
            )
        )
    return align(rows)


def align(rows: Sequence[Sequence[str]]) -> str:
    """Format rows of cells as lines: the first column left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if number == 0 else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
