"""`python -m benchmarks`: run every row in turn, as often as asked, and print the table."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import hashing, transfers
from benchmarks.meter import Sample
from benchmarks.table import Result, render
from tests.support.content import make_file

Row = Callable[[Path, Path], Sample]

LIMIT_ROW = "limit: socket, SHA-1, write"
LIBTORRENT_ROW = "libtorrent -> libtorrent"
SEALED_LIBTORRENT_ROW = "sealed: libtorrent -> libtorrent"
MKTORRENT_ROW = "hash for upload: mktorrent"

TRANSFERS: dict[str, Row] = {
    LIMIT_ROW: transfers.bare,
    "ours -> ours": transfers.ours_to_ours,
    LIBTORRENT_ROW: transfers.libtorrent_to_libtorrent,
    "ours -> libtorrent": transfers.ours_to_libtorrent,
    "libtorrent -> ours": transfers.libtorrent_to_ours,
    "aria2 -> aria2": transfers.aria2_to_aria2,
    "libtorrent -> aria2": transfers.libtorrent_to_aria2,
}
SEALED: dict[str, Row] = {
    "sealed: ours -> ours": partial(transfers.ours_to_ours, sealed=True),
    SEALED_LIBTORRENT_ROW: transfers.sealed_libtorrent_to_libtorrent,
}
HASHING: dict[str, Row] = {
    "hash for upload: ours": hashing.minitorrent,
    MKTORRENT_ROW: hashing.mktorrent,
}
TOOLS = {"aria2": "aria2c", "mktorrent": "mktorrent"}
UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}

EXPLANATION = """\
GB/s: bytes of the file, 1e9 a second, over the wall time from telling the downloader to start
until it calls the file complete (hashing: until the metainfo is made); median (slowest-quickest).
CPU: user and system, both sides. anon: peak resident memory that is no file cache, larger side.
Rows take turns in every run; all files are in memory, unless --dir says otherwise; pieces of 1 MiB.
libtorrent is tuned: no uTP, no encryption, two hashing threads, large send buffers and queues.
sealed: TLS 1.3 with a certificate each way; libtorrent's are of the same group, an SSL torrent."""


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    known = TRANSFERS | SEALED | HASHING
    rows = {name: row for name, row in known.items() if _is_wanted(name, arguments)}
    samples: dict[str, list[Sample]] = {name: [] for name in rows}
    with tempfile.TemporaryDirectory(prefix="minitorrent-bench-", dir=arguments.dir) as folder:
        content = make_file(Path(folder) / "content" / "content.bin", arguments.size)
        for run in range(1, arguments.runs + 1):
            for name, row in rows.items():
                sample = _measure(row, content, Path(folder) / "work")
                samples[name].append(sample)
                rate = arguments.size / sample.seconds / 1e9
                print(f"run {run}: {name}: {rate:.3f} GB/s", file=sys.stderr, flush=True)
    results = [Result(name, arguments.size, tuple(taken)) for name, taken in samples.items()]
    for group, ratios in (
        (TRANSFERS, {"x libtorrent": LIBTORRENT_ROW, "x limit": LIMIT_ROW}),
        (
            SEALED | {LIBTORRENT_ROW: transfers.libtorrent_to_libtorrent},
            {"x libtorrent SSL": SEALED_LIBTORRENT_ROW, "x libtorrent": LIBTORRENT_ROW},
        ),
        (HASHING, {"x mktorrent": MKTORRENT_ROW}),
    ):
        if chosen := [result for result in results if result.name in group]:
            print(render(chosen, ratios), end="\n\n")
    print(EXPLANATION)


def _measure(row: Row, content: Path, folder: Path) -> Sample:
    folder.mkdir()
    try:
        return row(content, folder)
    finally:
        shutil.rmtree(folder)


def _is_wanted(name: str, arguments: argparse.Namespace) -> bool:
    missing = [tool for word, tool in TOOLS.items() if word in name and not shutil.which(tool)]
    if missing:
        print(f"left out: {name} (needs {', '.join(missing)})", file=sys.stderr)
    return not missing and arguments.only in name


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", type=_size, default=UNITS["G"], help="bytes, or as in 500M, 1G")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="only the rows whose name holds this")
    parser.add_argument("--dir", type=Path, help="where the files go (default: memory, if it fits)")
    arguments = parser.parse_args()
    arguments.dir = arguments.dir or _default_folder(arguments.size)
    return arguments


def _default_folder(size: int) -> Path:
    """Return a folder in memory if it has space: disks differ far more than programs do."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 4 * size:
        return memory
    return Path(tempfile.gettempdir())


def _size(text: str) -> int:
    unit = UNITS.get(text[-1:].upper(), 1)
    return int(text.rstrip("kKmMgG")) * unit


if __name__ == "__main__":
    main()
