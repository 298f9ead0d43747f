"""Requests that cost more to read than to send."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.integration.tracker.sessions import SessionClient
from tests.support.programs.processes import TrackerProcess
from tests.support.together import running

SIZE = 7_500_000
MANY = b'{"args": {"x": [' + b"[]," * (SIZE // 3) + b"[]]}}"
ALLOWED = 100 * 1024  # KiB: one such body alone took twice as much


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path) as process:
        yield process


def peak(tracker: TrackerProcess) -> int:
    """Return the tracker's peak memory, in KiB."""
    status = Path(f"/proc/{tracker.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def post(tracker: TrackerProcess, operation: str, body: bytes, token: str) -> int:
    connection = http.client.HTTPConnection(str(tracker.http), timeout=30)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    try:
        connection.request("POST", f"/api/v1/{operation}", body, headers)
        return connection.getresponse().status
    except ConnectionError:
        return 413  # closed before everything was sent
    finally:
        connection.close()


def test_bodies_with_many_parts_are_cheap_over_http(tracker: TrackerProcess) -> None:
    with SessionClient(tracker.address) as ann:
        token = ann.sign_up("ann").call("create_token", scope="account")["token"]
        before = peak(tracker)
        assert post(tracker, "list_groups", MANY, token) == 413
        assert post(tracker, "add_file", MANY, token) == 400
        with running([partial(post, tracker, "add_file", MANY, token)] * 8):
            assert ann.call("list_groups")["groups"] == []
        assert peak(tracker) - before < ALLOWED


def test_lines_with_many_parts_are_cheap_over_a_session(tracker: TrackerProcess) -> None:
    with SessionClient(tracker.address) as ann:
        ann.sign_up("ann")
        before = peak(tracker)

        def send(operation: bytes) -> None:
            with suppress(OSError), SessionClient(tracker.address) as client:
                client.login("ann")
                client.send(b'{"id": 1, "op": "' + operation + b'", ' + MANY[1:] + b"\n")
                client.read()

        with running([partial(send, name) for name in (b"add_file", b"list_groups")] * 4):
            assert ann.call("list_groups")["groups"] == []
        assert peak(tracker) - before < ALLOWED


def test_large_metainfo_is_accepted(tracker: TrackerProcess) -> None:
    """The control: large requests that need it are accepted."""
    with SessionClient(tracker.address) as ann:
        ann.sign_up("ann").call("create_group", group="lab", mode="open")
        assert ann.upload("lab", "x.bin", b"content")["pieces"] == 1
        answer = b'{"id": 99, "op": "add_file", "args": {"group": "lab", "name": "y", "metainfo": "'
        ann.send(answer + b"QUJD" * (SIZE // 4) + b'"}}\n')
        refused = ann.read()
        assert (refused["id"], refused["error"]["code"]) == (99, "usage")
        assert "metainfo" in refused["error"]["message"].lower()
