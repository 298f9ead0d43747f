"""The table that `make bench` prints: one row per transfer, medians, ratios within the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.meter import Sample

GIB = 1024**3
MIB = 1024**2


@dataclass(frozen=True)
class Result:
    """All runs of one row, for a content of `size` bytes."""

    name: str
    size: int
    samples: tuple[Sample, ...]

    @property
    def rate(self) -> float:
        """Return the median rate in bytes a second."""
        return self.size / median(sample.seconds for sample in self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """Return the rates of the slowest and the fastest run, in bytes a second."""
        rates = [self.size / sample.seconds for sample in self.samples]
        return min(rates), max(rates)

    @property
    def cpu_per_gib(self) -> float:
        """Return the median processor seconds per GiB of all processes."""
        return median(sample.cpu_seconds for sample in self.samples) * GIB / self.size

    @property
    def anonymous(self) -> int:
        """Return the highest peak of anonymous memory, in bytes."""
        return max(sample.anonymous for sample in self.samples)


def render(results: Sequence[Result], ratios: Mapping[str, str]) -> str:
    """Format the table; `ratios` names the reference row of each column of ratios."""
    by_name = {result.name: result for result in results}
    rows = [("", "GB/s", *ratios, "CPU s/GiB", "anon MiB")]
    for result in results:
        low, high = result.spread
        rows.append(
            (
                result.name,
                f"{result.rate / 1e9:.3f} ({low / 1e9:.2f}-{high / 1e9:.2f})",
                *(_ratio(result, by_name.get(other)) for other in ratios.values()),
                f"{result.cpu_per_gib:.2f}",
                f"{result.anonymous / MIB:.0f}" if result.anonymous else "-",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _ratio(result: Result, other: Result | None) -> str:
    return f"{result.rate / other.rate:.2f}" if other else "-"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (
        cell.ljust(width) if number == 0 else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
