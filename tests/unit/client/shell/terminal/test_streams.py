"""What can't be written to a log is lost, and nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import client.shell.terminal.streams
import tracker.streams
from client.shell.terminal.streams import LogStream


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_an_unwritable_log() -> None:
    stream = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 - its end is looked at
    log = LogStream(stream)
    assert log.write("line\n") == 0
    log.flush()
    with pytest.raises(OSError):
        stream.close()
    assert log.write("after the end\n") == 0


def test_a_writable_log() -> None:
    stream = io.StringIO()
    LogStream(stream).write("line\n")
    assert stream.getvalue() == "line\n"


def test_both_programs_handle_streams_alike() -> None:
    ours, theirs = (
        Path(module.__file__ or "").read_text()
        for module in (client.shell.terminal.streams, tracker.streams)
    )
    assert ours.replace("the client was", "the tracker was") == theirs
