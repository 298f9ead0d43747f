"""Processor time of processes, and how much of it they may use. For Linux."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_CPU_CLOCK = 2  # CPUCLOCK_SCHED of Linux: nanoseconds, all threads, also those that ended
_TICKS = os.sysconf("SC_CLK_TCK")
_CGROUPS = Path("/sys/fs/cgroup/cpu")
_PERIOD = 10_000  # microseconds; short, so that a limited process never sleeps for long


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used so far; 0 if it has ended."""
    try:
        return time.clock_gettime((~pid << 3) | _CPU_CLOCK)
    except OSError:
        return 0.0


class Tree:
    """A process with its children, of which some may end: PostgreSQL's."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def cpu_seconds(self) -> float:
        """Return the processor time of all of them so far."""
        return sum(map(cpu_seconds, [self._pid, *children(self._pid)])) + self._ended()

    def _ended(self) -> float:
        fields = _stat(self._pid)
        return (int(fields[13]) + int(fields[14])) / _TICKS


def children(pid: int) -> list[int]:
    """Return the processes started by a process that still run."""
    tasks = Path(f"/proc/{pid}/task")
    return [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]


def parent(pid: int) -> int:
    """Return the process that started a process."""
    return int(_stat(pid)[1])


@contextmanager
def limited(pids: Sequence[int], share: float) -> Iterator[bool]:
    """Limit each process to this share of a core inside the block.

    Returns whether the system allows that: it takes root and cgroups of version 1.
    """
    groups: list[Path] = []
    try:
        for pid in pids:
            group = _CGROUPS / f"minitorrent-load-{pid}"
            group.mkdir()
            groups.append(group)
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(int(share * _PERIOD)))
            (group / "cgroup.procs").write_text(str(pid))
    except OSError:
        _release(groups)
        yield False
        return
    try:
        yield True
    finally:
        _release(groups)


@contextmanager
def pinned(pids: Sequence[int], core: int) -> Iterator[None]:
    """Keep processes, and those that they start, on one core inside the block."""
    if len(os.sched_getaffinity(0)) < 2:
        yield
        return
    _keep_on(pids, {core})
    try:
        yield
    finally:
        _keep_on(pids, set(range(os.cpu_count() or 1)))


def _keep_on(pids: Sequence[int], cores: set[int]) -> None:
    for pid in pids:
        with suppress(OSError):  # it has ended
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)


def _release(groups: Sequence[Path]) -> None:
    for group in groups:
        for pid in (group / "cgroup.procs").read_text().split():
            (_CGROUPS / "cgroup.procs").write_text(pid)
        group.rmdir()


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
