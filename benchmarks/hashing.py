"""Hashing a file for upload, compared with mktorrent with as many threads."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.meter import Sample, measuring
from benchmarks.ours import LIMIT, Ours
from tests.support.programs.processes import ManagedProcess

PIECE_EXPONENT = 20
"""mktorrent takes the piece length as a power of two: 1 MiB."""


def mktorrent(content: Path, folder: Path) -> Sample:
    """`mktorrent -t CORES`, from its start to its end."""
    command = ["mktorrent", "-t", str(os.cpu_count()), "-l", str(PIECE_EXPONENT)]
    cpu_before, before = _children_cpu(), time.perf_counter()
    with ManagedProcess([*command, "-o", str(folder / "made.torrent"), str(content)]) as process:
        assert process.wait(LIMIT) == 0, process.story()
    return Sample(time.perf_counter() - before, _children_cpu() - cpu_before, 0)


def minitorrent(content: Path, folder: Path) -> Sample:
    """`upload_file` in a running client, from the command to its answer."""
    with ExitStack() as stack:
        ours = Ours(stack, content, folder)
        with measuring(ours.seeder.pid) as meter:
            ours.upload()
            return meter.stop()


def _children_cpu() -> float:
    usage = os.times()
    return usage.children_user + usage.children_system
