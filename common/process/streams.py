"""Makes the standard streams usable, however the program was started."""

from __future__ import annotations

import io
import os
import sys


def prepare_streams() -> None:
    """Make sure that all three standard streams are open, and escape what they can't encode.

    A closed one is replaced by the null device. Otherwise the next file opened, such as a
    database, would get its descriptor and receive what is printed.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            _open_null(number)
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 # for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_null(number: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != number:
        os.dup2(null, number)
        os.close(null)


def abandon_stdout() -> None:
    """Redirect a broken stdout to the null device, so that flushing at exit doesn't fail."""
    _open_null(sys.stdout.fileno())
