"""The cost of a process: processor time and memory, as Linux counts them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.load.cpu import cpu_seconds
from benchmarks.warming import warm_for_copy

SAMPLE_EVERY = 0.02


@dataclass(frozen=True)
class Sample:
    """One transfer: wall time in seconds, processor seconds and peak memory of all processes.

    `anonymous` is the largest resident memory of any one process that is not file cache, in bytes.
    """

    seconds: float
    cpu_seconds: float
    anonymous: int


class Meter:
    """Measures the processes from `start` to `stop`; `stop` returns the sample."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._peak = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory sampler")
        self._cpu_before = 0.0
        self._before = 0.0

    def start(self) -> Self:
        """Mark the start of the transfer."""
        self._thread.start()
        self._cpu_before = sum(map(cpu_seconds, self._pids))
        self._before = time.perf_counter()
        return self

    def stop(self) -> Sample:
        """Mark the end of the transfer."""
        seconds = time.perf_counter() - self._before
        used = sum(map(cpu_seconds, self._pids)) - self._cpu_before
        self.close()
        return Sample(seconds, used, self._peak)

    def close(self) -> None:
        """End the sampling."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(SAMPLE_EVERY):
            self._peak = max([self._peak, *map(anonymous_memory, self._pids)])


@contextmanager
def measuring(*pids: int, copied: Path | None = None) -> Iterator[Meter]:
    """Warm memory for a copy of `copied`, then run a meter until the context ends."""
    if copied is not None:
        warm_for_copy(copied)
    meter = Meter(pids).start()
    try:
        yield meter
    finally:
        meter.close()


def anonymous_memory(pid: int) -> int:
    """Return the bytes of anonymous resident memory; 0 if the process has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    rows = dict(line.split(":", 1) for line in status.splitlines())
    return int(rows["RssAnon"].split()[0]) * 1024 if "RssAnon" in rows else 0
