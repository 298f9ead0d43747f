"""HTTP connections that send or read nothing lock nobody out."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.programs.processes import TrackerProcess
from tests.support.waiting import wait_until

MANY = 600
HALVES = [
    b"",
    b"GET /health HTTP/1.1\r\nHost: x\r\nX: ",
    b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 60000\r\n\r\n{",
]


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path_factory.mktemp("tracker")) as process:
        yield process


def dial(tracker: TrackerProcess, source: str) -> socket.socket:
    return socket.create_connection(tracker.http, 10, (source, 0))


def ask(tracker: TrackerProcess, source: str) -> object:
    """Return the status in the answer of /health to somebody."""
    with dial(tracker, source) as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return json.loads(answer.partition(b"\r\n\r\n")[2])["status"]


WELL = "ok"


def test_health_without_an_attack(tracker: TrackerProcess) -> None:
    assert ask(tracker, "127.0.0.1") == WELL


@pytest.mark.parametrize("begun", HALVES, ids=["nothing", "half a head", "half a body"])
@pytest.mark.parametrize("sources", [1, 20], ids=["one address", "many addresses"])
def test_silent_connections_lock_nobody_out(
    tracker: TrackerProcess, begun: bytes, sources: int
) -> None:
    with ExitStack() as opened:
        for number in range(MANY):
            sock = opened.enter_context(dial(tracker, f"127.0.0.{2 + number % sources}"))
            sock.sendall(begun)
        assert ask(tracker, "127.0.0.1") == WELL  # somebody else
        assert ask(tracker, "127.0.0.2") == WELL  # somebody behind the same address


def test_clients_that_read_no_answers_lock_nobody_out(tracker: TrackerProcess) -> None:
    with ExitStack() as opened:
        for _ in range(150):
            sock = opened.enter_context(dial(tracker, "127.0.0.2"))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            sock.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        assert ask(tracker, "127.0.0.1") == WELL


def test_one_party_gets_only_part_of_the_places(tracker: TrackerProcess) -> None:
    def open_files() -> int:
        return len(list(Path(f"/proc/{tracker.pid}/fd").iterdir()))

    before = open_files()
    with ExitStack() as opened:
        for _ in range(MANY):
            opened.enter_context(dial(tracker, "127.0.0.3"))
        wait_until(lambda: open_files() < before + 150, 10, "the others to be closed")
        url = f"http://{tracker.http}/metrics"
        with urllib.request.urlopen(url, timeout=10) as response:
            assert response.status == 200
