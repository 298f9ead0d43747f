"""The arguments of `python -m benchmarks`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.table import MIB

_UNITS: Final = {"K": 1024, "M": 1024**2, "G": 1024**3}
_MEMORY: Final = Path("/dev/shm")
_COPIES: Final = 4
"""How many times the size has to be free in memory: the content, its copy, and room."""


@dataclass(frozen=True)
class Options:
    """What to measure: `size` in bytes, `seconds` those of a download over a line."""

    size: int
    runs: int
    seconds: float
    quick: bool
    only: str
    folder: Path
    json: Path | None
    picture: Path | None

    @property
    def in_memory(self) -> bool:
        """Return whether the files are in memory, not on a disk."""
        return self.folder == _MEMORY


# Warming doesn't last for more than 1 GiB, see `benchmarks.warming`.
_FULL: Final = {"size": 768 * MIB, "runs": 3, "seconds": 5.0}
_QUICK: Final = {"size": 64 * MIB, "runs": 1, "seconds": 3.0}


def parse(arguments: Sequence[str]) -> Options:
    """Return the options; a wrong one ends the program with a message, as --help does."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure transfers beside other clients' on this machine.",
    )
    parser.add_argument("--size", type=_size, help="of the file: bytes, or as in 500M, 1G")
    parser.add_argument("--runs", type=_positive, help="runs of each row")
    parser.add_argument("--seconds", type=float, help="for each download over a line")
    parser.add_argument("--quick", action="store_true", help="64M, one run, two lines")
    parser.add_argument("--only", default="", help="only rows and lines whose name holds this")
    parser.add_argument("--dir", type=Path, help="where the files go (default: memory, if it fits)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--picture", type=Path, help="draw the table into this SVG file")
    given = parser.parse_args(arguments)
    if given.dir is not None and not given.dir.is_dir():
        parser.error(f"there is no folder {given.dir}")
    chosen = _QUICK if given.quick else _FULL
    size = given.size or int(chosen["size"])
    return Options(
        size=size,
        runs=given.runs or int(chosen["runs"]),
        seconds=given.seconds or chosen["seconds"],
        quick=given.quick,
        only=given.only,
        folder=given.dir or _default_folder(size),
        json=given.json,
        picture=given.picture,
    )


def _default_folder(size: int) -> Path:
    """Return a folder in memory if it has space: disks differ far more than programs do."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _COPIES * size:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _size(text: str) -> int:
    digits, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if not digits.isdecimal() or unit not in ("", *_UNITS) or not int(digits):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 500M or 1G")
    return int(digits) * _UNITS.get(unit, 1)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return int(text)
