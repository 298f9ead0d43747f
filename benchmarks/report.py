"""What `--json` writes: the machine, every sample, and the verdicts."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.line.measure import LineResult
from benchmarks.table import Result
from benchmarks.targets import Verdict

_PROCESSORS: Final = Path("/proc/cpuinfo")
_CONGESTION: Final = Path("/proc/sys/net/ipv4/tcp_congestion_control")


def machine() -> dict[str, Any]:
    """Return what the figures depend on; `load` is the average number of busy threads, before."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "congestion_control": _CONGESTION.read_text().strip() if _CONGESTION.exists() else "",
        "load": round(os.getloadavg()[0], 2),
    }


def document(
    machine: dict[str, Any],
    results: Sequence[Result],
    lines: Sequence[LineResult],
    verdicts: Sequence[Verdict],
) -> dict[str, Any]:
    """Return everything that was measured, as JSON has it: seconds, bytes, bytes a second."""
    return {
        "machine": machine,
        "rows": [
            asdict(result)
            | {
                "bytes_per_second": result.rate,
                "cpu_seconds_per_gib": result.cpu_per_gib,
                "anonymous": result.anonymous,
            }
            for result in results
        ],
        "lines": [asdict(result) for result in lines],
        "targets": [asdict(verdict) | {"reached": verdict.reached} for verdict in verdicts],
    }


def _processor() -> str:
    if not _PROCESSORS.exists():
        return platform.processor()
    described = _PROCESSORS.read_text().splitlines()
    names = [line.partition(": ")[2] for line in described if line.startswith("model name")]
    return names[0] if names else platform.processor()
