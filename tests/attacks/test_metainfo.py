"""Metainfo that unfolds to far more than its bytes, sent again and again by a member."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import bencode2
import pytest

from tests.integration.tracker.sessions import RefusedError, SessionClient, as_base64
from tests.support.programs.processes import TrackerProcess
from tests.support.together import running
from tests.support.waiting import wait_until

SIZE = 5_900_000
REQUESTS = 10
PIECE = 16 * 1024


def nested_folders() -> bytes:
    """Put each file into sixty folders of its own."""
    entries = []
    for number in range(SIZE // 210):
        path = [b"%x" % number, *[b"a"] * 60]
        entries.append({b"length": 0, b"path": path})
    return of_files(entries, b"")


def of_files(entries: list[dict[bytes, object]], pieces: bytes, source: bytes = b"") -> bytes:
    info = {
        b"files": entries,
        b"name": b"bomb",
        b"piece length": PIECE,
        b"pieces": pieces,
        b"private": 1,
        b"source": source,
    }
    return bencode2.bencode({b"info": info})


BOMBS: dict[str, Callable[[], bytes]] = {
    "folders": nested_folders,
    "dictionaries": lambda: b"d4:infol" + b"d0:0:e" * (SIZE // 6) + b"ee",
    "names": lambda: b"d4:infod5:filesld4:pathl" + b"2:ab" * (SIZE // 4) + b"eeeee",
}


def peak(tracker: TrackerProcess) -> float:
    """Return its peak memory, in MiB."""
    status = Path(f"/proc/{tracker.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path) as tracker:
        yield tracker


@pytest.fixture
def ann(tracker: TrackerProcess) -> Iterator[SessionClient]:
    with SessionClient(tracker.address) as ann:
        ann.sign_up("ann").call("create_group", group="lab", mode="open")
        ann.upload("lab", "x.bin")
        yield ann


def seconds(client: SessionClient) -> float:
    """Return the seconds that a series of usual requests takes."""
    began = time.monotonic()
    for _ in range(REQUESTS):
        client.call("list_files", group="lab")
        client.call("get_file", group="lab", name="x.bin")
    return time.monotonic() - began


@contextmanager
def sent_again_and_again(tracker: TrackerProcess, metainfo: bytes) -> Iterator[list[str]]:
    """Send it as a member over two sessions; return the error codes."""
    stopped = threading.Event()
    answers: list[str] = []
    encoded = as_base64(metainfo)

    def attack() -> None:
        with suppress(OSError), SessionClient(tracker.address, "127.0.0.9") as eve:
            eve.login("eve")
            while not stopped.is_set():
                try:
                    eve.call("add_file", group="eves", name="bomb", metainfo=encoded)
                except RefusedError as error:
                    answers.append(error.code)

    with running([attack] * 2):
        try:
            wait_until(lambda: len(answers) > 1, 60, "the attack to begin")
            yield answers
        finally:
            stopped.set()


def sign_up_eve(tracker: TrackerProcess) -> None:
    with SessionClient(tracker.address) as eve:
        eve.sign_up("eve").call("create_group", group="eves")


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_with_little_memory(
    tracker: TrackerProcess, ann: SessionClient, kind: str
) -> None:
    with pytest.raises(RefusedError):  # the same number of bytes without nesting
        ann.call("add_file", group="lab", name="bomb", metainfo=as_base64(b"x" * SIZE))
    before = peak(tracker)
    with pytest.raises(RefusedError) as refused:
        ann.call("add_file", group="lab", name="bomb", metainfo=as_base64(BOMBS[kind]()))
    assert refused.value.code in ("usage", "invalid_name")
    assert peak(tracker) - before < 150
    assert ann.call("list_files", group="lab")["files"]


def test_others_are_served_during_a_bomb(tracker: TrackerProcess, ann: SessionClient) -> None:
    sign_up_eve(tracker)
    undisturbed = min(seconds(ann) for _ in range(3))
    with sent_again_and_again(tracker, nested_folders()):
        attacked = min(seconds(ann) for _ in range(3))
    assert attacked < 2 * undisturbed + 2.0
    assert ann.upload("lab", "y.bin")["name"] == "y.bin"


def test_an_honest_folder_of_very_many_files_is_accepted(
    tracker: TrackerProcess, ann: SessionClient
) -> None:
    source = ann.call("get_group", group="lab")["source"].encode()
    entries: list[dict[bytes, object]] = [
        {b"length": 1, b"path": [b"folder %d" % (number // 100), b"part", b"file %d" % number]}
        for number in range(60_000)
    ]
    pieces = bytes(20 * -(-len(entries) // PIECE))
    data = of_files(entries, pieces, source)
    before = peak(tracker)
    reply = ann.call("add_file", group="lab", name="bomb", metainfo=as_base64(data))
    assert reply["size"] == len(entries)
    assert peak(tracker) - before < 150
