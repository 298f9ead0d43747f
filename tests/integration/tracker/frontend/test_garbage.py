"""Bytes of every kind thrown at the tracker's ports."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.types import Endpoint
from tests.integration.tracker.conftest import Connect, Serve
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import SessionClient, code_of
from tests.support.security.secure import SecureStream
from tests.support.waiting import wait_until
from tracker.app import TrackerApp

Throw = Callable[..., bytes]
THROWN = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
RECORDED = [
    b"",
    b"\n",
    b"\0" * 1000,
    b"\xff\xfe\xfd\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    b"\x13BitTorrent protocol" + bytes(48),
    b"[" * 60_000 + b"\n",
    b'{"id":' * 10_000 + b"\n",
    b'{"id": 1, "op": "ping", "args": {}}',
    b'{"id": 99999999999999999999999999, "op": "ping"}\n',
    b'{"id": ' + b"9" * 10_000 + b', "op": "ping"}\n',
    b'{"id": 1, "op": "login", "args": {"user": "\\ud800", "password": "x"}}\n',
    b'{"id": 1, "op": ["ping"]}\n{"id": 2}\n{"id": true, "op": "ping"}\n',
]


def throw(address: Endpoint, data: bytes, *, reset: bool = False) -> bytes:
    """Send bytes, close the sending side, and read the whole answer."""
    with socket.create_connection(address, 10) as sock:
        received = b""
        try:
            sock.sendall(data)
            if reset:
                linger = b"\1\0\0\0\0\0\0\0"
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return b""
            sock.shutdown(socket.SHUT_WR)
            while part := sock.recv(65536):
                received += part
        except ConnectionError:
            return received
        return received


def throw_inside(address: Endpoint, data: bytes, *, reset: bool = False) -> bytes:
    """The same inside TLS."""
    with SecureStream.dial(address) as stream:
        received = b""
        try:
            stream.sendall(data)
            if reset:
                linger = b"\1\0\0\0\0\0\0\0"
                stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return b""
            stream.socket.shutdown(socket.SHUT_WR)
            while part := stream.recv():
                received += part
        except ConnectionError:
            return received
        return received


def ask_http(address: Endpoint, request: bytes) -> bytes:
    """An HTTP/1.0 request and all that is answered."""
    with socket.create_connection(address, 10) as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def lines_of(received: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in received.splitlines()]


@pytest.fixture
def quiet(tracker: TrackerApp, capfd: pytest.CaptureFixture[str]) -> Iterator[TrackerApp]:
    """A tracker that must say nothing of errors, and free all that it takes."""
    threads, descriptors = threading.active_count(), open_descriptors()
    yield tracker

    def is_freed() -> bool:
        return (
            threading.active_count() <= threads + 10  # the HTTP server keeps idle workers
            and open_descriptors() <= descriptors + 4
        )

    wait_until(is_freed, 10, "threads and descriptors to be freed")
    output = capfd.readouterr()
    assert "Traceback" not in output.out + output.err
    assert "error" not in (output.out + output.err).lower()


def is_well(tracker: TrackerApp) -> bool:
    with SessionClient(tracker.address) as client:
        return client.call("ping") == {}


@pytest.mark.any_database
@pytest.mark.parametrize("reset", [False, True])
def test_recorded_bytes_at_the_session_port(quiet: TrackerApp, reset: bool) -> None:
    for data in RECORDED:
        greeting, *answers = lines_of(throw_inside(quiet.address, data, reset=reset)) or [{}]
        assert "minitorrent" in greeting or reset, data
        assert all(answer["ok"] is False for answer in answers), data
        assert is_well(quiet), data


@pytest.mark.any_database
@pytest.mark.parametrize("reset", [False, True])
def test_recorded_bytes_outside_tls(quiet: TrackerApp, reset: bool) -> None:
    for data in RECORDED:
        assert b"{" not in throw(quiet.address, data, reset=reset), data
        assert is_well(quiet), data


@pytest.mark.any_database
@pytest.mark.parametrize("reset", [False, True])
def test_recorded_bytes_at_the_http_port(quiet: TrackerApp, reset: bool) -> None:
    assert quiet.http_address is not None
    for data in RECORDED:
        throw(quiet.http_address, data, reset=reset)
        answer = ask_http(quiet.http_address, b"GET /health HTTP/1.0\r\n\r\n")
        assert b" 200 OK" in answer, data


@pytest.mark.any_database
def test_arbitrary_bytes_at_either_port(quiet: TrackerApp) -> None:
    targets = [
        (throw, quiet.address),
        (throw_inside, quiet.address),
        (throw, quiet.http_address),
    ]

    @THROWN
    @given(st.sampled_from(targets), st.binary(max_size=2000), st.booleans())
    def throw_it(target: tuple[Throw, Endpoint], data: bytes, reset: bool) -> None:
        thrower, address = target
        thrower(address, data, reset=reset)

    throw_it()
    assert is_well(quiet)


@pytest.mark.any_database
def test_arbitrary_announce_queries(quiet: TrackerApp) -> None:
    address = quiet.http_address
    assert address is not None

    @THROWN
    @given(
        st.sampled_from([b"announce", b"scrape"]),
        st.text("abc%/.", max_size=10),
        st.binary(max_size=100).filter(lambda data: not set(data) & set(b" \r\n#\t\x0b\x0c")),
    )
    def ask(path: bytes, key: str, query: bytes) -> None:
        request = b"GET /" + path + b"/" + key.encode() + b"?" + query + b" HTTP/1.0\r\n\r\n"
        answer = ask_http(address, request)
        assert answer.startswith(b"HTTP/1.1 ")
        assert b" 500 " not in answer

    ask()


@pytest.mark.any_database
def test_a_nonsensical_request_is_answered_and_so_is_the_next(
    tracker: TrackerApp, connect: Connect
) -> None:
    client = connect(tracker)
    client.send(b'{"id": 5, "op": 7}\n')
    answer = client.read()
    assert (answer["id"], answer["ok"], answer["error"]["code"]) == (5, False, "usage")
    assert code_of(client, "fly_to_the_moon") == "usage"
    assert code_of(client, "login", user=5) == "usage"
    assert client.call("ping") == {}


@pytest.mark.any_database
def test_an_invalid_line_ends_the_connection_with_an_error(
    tracker: TrackerApp, connect: Connect
) -> None:
    client = connect(tracker)
    client.send(b"hello\n" + b"x" * 10_000)
    answer = client.read()
    assert (answer["id"], answer["error"]["code"]) == (None, "usage")
    assert client.read() == {}


@pytest.mark.any_database
def test_long_lines_are_accepted_only_for_large_operations_after_login(
    tracker: TrackerApp, connect: Connect
) -> None:
    logged_in = connect(tracker).sign_up("ann")
    padding = b'"args": {"group": "lab", "name": "x", "x": "' + b"x" * 1_000_000 + b'"}}\n'
    logged_in.send(b'{"id": 900, "op": "add_file", ' + padding)
    answer = logged_in.read()
    assert (answer["id"], answer["error"]["message"]) == (
        900,
        "add_file, metainfo: Field required.",
    )
    # The beginning of a line admits it; its content decides.
    logged_in.send(b'{"id": 901, "op": "add_file", "op": "ping", ' + padding)
    answer = logged_in.read()
    assert answer["error"]["message"] == "A request for ping has at most 64.0 KiB."

    for client, operation in ((logged_in, b"ping"), (connect(tracker), b"add_file")):
        try:
            client.send(b'{"id": 902, "op": "' + operation + b'", ' + padding)
            answer = client.read()
        except ConnectionError:
            continue  # the tracker had hung up while the rest was still under way
        assert answer["error"]["message"] == "A line is longer than 64.0 KiB."


@pytest.mark.any_database
def test_a_request_with_too_many_parts_is_refused(tracker: TrackerApp, connect: Connect) -> None:
    client = connect(tracker).sign_up("ann")
    client.send(b'{"id": 1, "op": "add_file", "args": {"x": [' + b"[]," * 2_000_000 + b"[]]}}\n")
    answer = client.read()
    assert (answer["id"], answer["error"]["code"]) == (None, "usage")
    assert client.read() == {}


@pytest.mark.any_database
def test_requests_may_arrive_together_or_byte_by_byte(
    tracker: TrackerApp, connect: Connect
) -> None:
    client = connect(tracker)
    client.send(b"".join(b'{"id": %d, "op": "ping"}\n' % number for number in range(100)))
    assert [client.read()["id"] for _ in range(100)] == list(range(100))
    for byte in b'{"id": 7, "op": "ping"}\n':
        client.send(bytes([byte]))
    assert client.read()["id"] == 7


@pytest.mark.any_database
def test_an_internal_failure_is_answered_and_logged_once(
    lab: Lab, serve: Serve, connect: Connect, capfd: pytest.CaptureFixture[str], real_logs: None
) -> None:
    client = connect(serve(lab.services))
    client.login("ann")

    def fail() -> None:
        raise ZeroDivisionError

    lab.database.on_read = fail
    assert code_of(client, "list_groups") == "internal"
    lab.database.on_read = lambda: None
    assert [row["group"] for row in client.call("list_groups")["groups"]] == ["lab"]
    output = capfd.readouterr()
    assert (output.out + output.err).count("ZeroDivisionError") == 1
    assert "secret123" not in output.out + output.err


def test_nul_characters_never_reach_the_database(ann: SessionClient) -> None:
    """PostgreSQL refuses it, which would be an error of ours."""
    assert code_of(ann, "find_group", source="minitorrent:\0") == "usage"
    assert code_of(ann, "create_token", scope="read", label="a\0b") == "usage"
