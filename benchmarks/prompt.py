"""`python -m benchmarks.prompt`: the response time of the prompt while many transfers run.

A real client at a terminal of its own downloads everything that another one offers. Timed are
keys, from the moment when one is pressed until it is on the screen, and commands, from Enter
until their answer is.
"""

from __future__ import annotations

import argparse
import os
import pty
import random
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final, Self

from tests.support.content import make_sparse_file
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

MIB = 1 << 20
TARGET = 0.05
"""Seconds within which the prompt must respond."""

_PATIENCE: Final = 60.0
_SYMBOLS: Final = (b"~", b"^", b"{")
"""Keys that appear nowhere else on the screen."""

_LINE: Final = 40
_CLEAR: Final = b"\x15"
_SIZE: Final = (24, 100)
_ESCAPES: Final = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_AT_WORK: Final = re.compile(rb"^\[D\] .* [1-9][0-9]* peers?\b", re.MULTILINE)
_ENVIRONMENT: Final = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}


class Typist:
    """Types at a program in a pseudo-terminal, and reads what it draws."""

    def __init__(self, command: Sequence[str]) -> None:
        self._master, slave = pty.openpty()
        os.set_blocking(self._master, False)
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", *_SIZE, 0, 0))
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, **_ENVIRONMENT},
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(_PATIENCE)
        os.close(self._master)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def wait_for(self, text: bytes) -> bytes:
        """Read until `text` is drawn; return all output until then."""
        drawn = b""
        deadline = time.monotonic() + _PATIENCE
        while text not in drawn:
            ready, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            assert ready, f"no {text!r} in {_PATIENCE:g} s: {drawn[-2000:]!r}"
            drawn += os.read(self._master, 65536)
        return drawn

    def settle(self) -> None:
        """Let some time pass, as people do between keys, and discard the output."""
        until = time.monotonic() + random.uniform(0.02, 0.12)
        while (left := until - time.monotonic()) > 0:
            if select.select([self._master], [], [], left)[0]:
                os.read(self._master, 65536)

    def timed(self, keys: bytes, text: bytes) -> float:
        """Return the seconds from pressing keys until `text` is drawn."""
        self.settle()
        pressed = time.perf_counter()
        self.type(keys)
        self.wait_for(text)
        return time.perf_counter() - pressed


def prepare(lab: Lab, transfers: int) -> ClientProcess:
    """Share files from one client, start to download them all in another, and stop that one."""
    ann, bob = lab.member("ann"), lab.member("bob")
    bob.ok("limit", "down", "1000")  # so that none is complete before all are at work
    for number in range(transfers):
        path = make_sparse_file(lab.folder / f"file-{number}", 64 * MIB)
        ann.ok("upload_file", str(path), GROUP)
        bob.ok("download_file", GROUP, path.name, f"{bob.folder}/copies/")
    bob.terminate()
    return bob


@contextmanager
def at_the_prompt(client: ClientProcess, transfers: int, rate: int) -> Iterator[Typist]:
    """Start the same client at a terminal, logged in, with its transfers running."""
    command = [word for word in client.command if word not in ("--json", "--stay")]
    with Typist([*command, "--active", str(transfers)]) as typist:
        typist.wait_for(b"minitorrent>")
        typist.type(b"login bob secret123\r")
        typist.wait_for(b"Logged in as bob")
        wait_until(lambda: count_running(typist) == transfers, _PATIENCE, "all to be at work")
        typist.type(f"limit down {rate}\r".encode())
        typist.wait_for(b"all together")
        yield typist


def presses(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys to type and the text that they draw, with a new symbol at each place.

    The same one might not be drawn again, when clearing the line and the key are seen together.
    """
    for number in range(count):
        symbol = _SYMBOLS[number % len(_SYMBOLS)]
        is_full = number and number % _LINE == 0
        yield _CLEAR + symbol if is_full else symbol, symbol


def count_running(typist: Typist) -> int:
    """Return the number of running downloads that have peers."""
    typist.settle()
    typist.type(b"show_downloads\r")
    typist.type(b"limit\r")
    drawn = _ESCAPES.sub(b"", typist.wait_for(b"all together"))
    return len(_AT_WORK.findall(drawn))


def main() -> None:
    """Measure and print; fail if the prompt is too slow."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prompt", description=__doc__)
    parser.add_argument("--transfers", type=int, default=50)
    parser.add_argument("--rate", type=int, default=32 * MIB, help="of all, bytes a second")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--commands", type=int, default=50)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="minitorrent-bench-") as folder,
        Lab(Path(folder)) as lab,
    ):
        client = prepare(lab, options.transfers)
        with at_the_prompt(client, options.transfers, options.rate) as typist:
            keys = [typist.timed(*key) for key in presses(options.keys)]
            typist.type(_CLEAR)
            commands = [typist.timed(b"limit\r", b"all together") for _ in range(options.commands)]
            running = count_running(typist)
    print(f"{running} transfers at {options.rate / MIB:g} MiB/s in all, milliseconds:")
    sys.exit(max(report("keys", keys), report("commands", commands)) > TARGET)


def report(what: str, taken: Sequence[float]) -> float:
    """Print the times; return the 99th percentile, in seconds."""
    ordered = sorted(taken)
    p99 = ordered[-1 - len(ordered) // 100]
    measured = (median(ordered), p99, ordered[-1])
    print(
        "{}: median {:.1f}, p99 {:.1f}, slowest {:.1f}".format(what, *(1000 * f for f in measured))
    )
    return p99


if __name__ == "__main__":
    main()
