"""`python -m benchmarks`: run every row in turn, as often as asked, then the lines; print all."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks import picture, report, rows, table, targets
from benchmarks.line import table as line_table
from benchmarks.line.measure import LineResult, measure
from benchmarks.line.networks import obstacle
from benchmarks.line.shape import Shape
from benchmarks.meter import Sample
from benchmarks.options import Options, parse
from benchmarks.table import Result
from common import text
from tests.support.content import make_file
from tests.support.programs.warm import SWITCH

EXPLANATION: Final = """\
GB/s: bytes of the file, 1e9 a second, over the wall time from telling the downloader to start
until it calls the file complete (hashing: until the metainfo is made); median (slowest-quickest).
CPU: user and system, all processes of the row. x limit: ratio to the row "limit" of the same run.
anon: peak resident memory that is no file cache, of the process with most. Rows take turns in
every run; directly before the clock starts, a process uses and returns as much memory as the copy
needs. Files are in memory, unless --dir names a folder on a disk; then the limit and ours sync,
other clients don't.
libtorrent is tuned: no uTP, no encryption, two hashing threads, large send buffers and queues.
sealed: TLS 1.3 with a certificate each way; libtorrent's are of the same group, an SSL torrent."""

LINE_EXPLANATION: Final = """\
Mbit/s of payload over one connection, once up to speed (in the second half of the time): TCP
without a protocol, ours in an open group with its tracker at the far end, libtorrent dialled
directly. first piece: of a small file, from download_file until 16 KiB are verified."""


def main() -> None:
    """Measure, print, and write what was asked for."""
    options = parse(sys.argv[1:])
    if options.quick:
        os.environ[SWITCH] = "1"  # starting programs is most of it
    machine = report.machine()
    with tempfile.TemporaryDirectory(prefix="minitorrent-bench-", dir=options.folder) as folder:
        content = make_file(Path(folder) / "content" / "content.bin", options.size)
        os.sync()  # nothing is written behind the first row's back
        results = _rows(options, content, Path(folder) / "work")
        lines = _lines(options, content, Path(folder) / "work")
    verdicts = targets.judge(results, on_disk=not options.in_memory) + line_table.judge(lines)
    if results:
        print(table.render(results, rows.LIMIT), end=f"\n\n{EXPLANATION}\n\n")
    if lines:
        print(line_table.render(lines), end=f"\n\n{LINE_EXPLANATION}\n\n")
    print(targets.render(verdicts), end="\n\n")
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    if options.json:
        found = report.document(machine, results, lines, verdicts)
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.picture:
        note = f"{machine['processor']}, {machine['cores']} cores, {text.size(options.size)}"
        transfers = [result for result in results if result.name not in rows.HASHING]
        options.picture.write_text(picture.draw(transfers, note))


def _rows(options: Options, content: Path, folder: Path) -> list[Result]:
    """Measure; a row that fails once is left out, and the others go on."""
    wanted = [name for name in rows.ROWS if options.only in name and not _is_left_out(name)]
    samples: dict[str, list[Sample]] = {name: [] for name in wanted}
    for run in range(1, options.runs + 1):
        for name in list(samples):
            try:
                sample = _measure(rows.ROWS[name], content, folder)
            except AssertionError as error:
                _tell(f"left out: {name} (failed in run {run}: {error})")
                del samples[name]
                continue
            samples[name].append(sample)
            _tell(f"run {run}: {name}: {options.size / sample.seconds / 1e9:.3f} GB/s")
    return [Result(name, options.size, tuple(taken)) for name, taken in samples.items()]


def _lines(options: Options, content: Path, folder: Path) -> list[LineResult]:
    shapes = line_table.QUICK if options.quick else line_table.LINES
    wanted = [shape for shape in shapes if options.only in f"line: {shape}"]
    if wanted and (reason := obstacle()):
        _tell(f"left out: lines ({reason})")
        return []
    found = [_over(shape, content, folder, options.seconds) for shape in wanted]
    return [result for result in found if result is not None]


def _over(shape: Shape, content: Path, folder: Path, seconds: float) -> LineResult | None:
    try:
        result = measure(shape, content, folder, seconds)
    except AssertionError as error:
        _tell(f"left out: line: {shape} (failed: {error})")
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _tell(f"line: {shape}: {result.against_libtorrent:.2f} x libtorrent")
    return result


def _measure(row: rows.Row, content: Path, folder: Path) -> Sample:
    folder.mkdir()
    try:
        return row(content, folder)
    finally:
        shutil.rmtree(folder)


def _is_left_out(name: str) -> bool:
    program = rows.missing_program(name)
    if program:
        _tell(f"left out: {name} (needs {program})")
    return bool(program)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
