"""How many connections, how long a silence, how slow a reader."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from common.tls import TlsEngine
from common.types import Endpoint
from tests.integration.tracker.conftest import Connect, Serve, StartTracker
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of
from tests.support.security.secure import SecureStream
from tests.support.together import run_together
from tests.support.waiting import wait_until
from tracker.app import TrackerApp
from tracker.frontend import certificate
from tracker.frontend.channel import Channel, ChannelClosedError
from tracker.frontend.connection import TimeLimits
from tracker.frontend.session import SessionLimits
from tracker.frontend.waker import Poller
from tracker.frontend.workers import Workers

pytestmark = pytest.mark.any_database


def refusal(start: StartTracker, limits: SessionLimits, before: int) -> dict[str, object]:
    """The first line that one more client than `before` gets."""
    tracker = start(limits)
    clients = [SessionClient(tracker.address) for _ in range(before)]
    try:
        with SecureStream.dial(tracker.address) as stream:
            answer: dict[str, object] = json.loads(stream.readline())
            assert stream.readline() == b""
    finally:
        for client in clients:
            client.close()
    wait_until(lambda: _is_served(tracker.address), 5, "a free place for a new client")
    return answer


def _is_served(address: Endpoint) -> bool:
    with SessionClient(address) as client:
        return "minitorrent" in client.greeting


@pytest.mark.parametrize(
    "limits",
    [
        SessionLimits(total=2),
        SessionLimits(per_address=2),
    ],
)
def test_connections_are_capped_with_an_error(
    start_tracker: StartTracker, limits: SessionLimits
) -> None:
    answer = refusal(start_tracker, limits, 2)
    assert answer == {
        "id": None,
        "ok": False,
        "error": {
            "code": "tracker_unreachable",
            "message": "This tracker has too many connections; try again later.",
        },
    }


def test_silent_connections_make_room(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(SessionLimits(total=2, grace=0.0))
    ann = connect(tracker).sign_up("ann")
    silent = connect(tracker)
    assert "minitorrent" in connect(tracker).greeting
    assert silent.read()["error"]["code"] == "tracker_unreachable"
    assert silent.read() == {}
    assert ann.call("ping") == {}


def test_logged_in_users_are_never_displaced(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(SessionLimits(total=2, grace=0.0))
    people = [connect(tracker).sign_up(user) for user in ("ann", "bob")]
    assert connect(tracker).greeting["error"]["code"] == "tracker_unreachable"
    assert [person.call("ping") for person in people] == [{}, {}]


def test_a_crowded_address_makes_room_for_others(
    start_tracker: StartTracker, connect: Connect
) -> None:
    tracker = start_tracker(SessionLimits(total=3))
    crowd = [connect(tracker) for _ in range(3)]
    assert "minitorrent" in connect(tracker, "127.0.0.2").greeting
    assert crowd[0].read()["error"]["code"] == "tracker_unreachable"
    assert crowd[1].call("ping") == {}


def test_a_silent_connection_without_login_is_closed(
    start_tracker: StartTracker, connect: Connect
) -> None:
    client = connect(start_tracker(SessionLimits(times=TimeLimits(first_request=0.2))))
    assert client.read()["error"]["code"] == "timeout"
    assert client.read() == {}


def test_half_a_line_does_not_count_as_activity(
    start_tracker: StartTracker, connect: Connect
) -> None:
    client = connect(start_tracker(SessionLimits(times=TimeLimits(first_request=0.4))))
    start = time.monotonic()
    client.send(b"{")
    assert client.read()["error"]["code"] == "timeout"
    assert time.monotonic() - start < 5


def test_a_client_that_sent_a_request_gets_more_time(
    start_tracker: StartTracker, connect: Connect
) -> None:
    times = TimeLimits(first_request=1.5, anonymous=2.0)
    client = connect(start_tracker(SessionLimits(times=times)))
    start = time.monotonic()
    client.call("ping")
    assert client.read()["error"]["code"] == "timeout"
    assert time.monotonic() - start > 1.9


def test_a_silent_user_is_disconnected(start_tracker: StartTracker, connect: Connect) -> None:
    sleeper = connect(start_tracker(SessionLimits(times=TimeLimits(idle=0.5)))).sign_up("ann")
    assert sleeper.read()["error"]["code"] == "timeout"
    assert sleeper.read() == {}


def test_pings_keep_a_user_online(start_tracker: StartTracker, connect: Connect) -> None:
    client = connect(start_tracker(SessionLimits(times=TimeLimits(idle=2.0)))).sign_up("ann")
    for _ in range(5):
        time.sleep(0.5)
        client.call("ping")
    assert client.call("list_groups")["groups"] == []


@pytest.mark.parametrize("size", [10, 100_000], ids=["lines", "bytes"])
def test_notices_do_not_wait_for_a_slow_client(tmp_path: Path, poller: Poller, size: int) -> None:
    channel, theirs = _channel(tmp_path, poller)
    try:
        start = time.monotonic()
        for _ in range(1001 if size == 10 else 11):
            channel.post(b"x" * size)
        assert time.monotonic() - start < 10
        with pytest.raises(ChannelClosedError):
            while True:
                channel.receive()
    finally:
        channel.close()
        theirs.close()


@pytest.fixture
def poller() -> Iterator[Poller]:
    workers = Workers()
    workers.start()
    poller = Poller(workers.run)
    poller.start()
    yield poller
    poller.stop(10)
    workers.stop()


def _channel(folder: Path, poller: Poller, **options: float) -> tuple[Channel, SecureStream]:
    """A tracker's channel and the client's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        dialling = pool.submit(SecureStream.dial, Endpoint(*listener.getsockname()))
        tls = TlsEngine(certificate.own_context(folder), server_side=True)
        channel = Channel(listener.accept()[0], tls, poller, **options)
        channel.handshake(10)
        return channel, dialling.result()


@pytest.mark.parametrize("begun", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_half_a_handshake_times_out(start_tracker: StartTracker, begun: bytes) -> None:
    tracker = start_tracker(SessionLimits(times=TimeLimits(handshake=0.2)))
    with socket.create_connection(tracker.address, 10) as sock:
        sock.sendall(begun)
        assert sock.recv(100) == b""


def test_shutdown_does_not_wait_for_handshakes(start_tracker: StartTracker) -> None:
    tracker = start_tracker()
    with socket.create_connection(tracker.address, 10):
        wait_until(lambda: _open_connections(tracker) == 1, 5, "the connection")
        start = time.monotonic()
        tracker.stop()
        assert time.monotonic() - start < TimeLimits().handshake / 2


def _open_connections(tracker: TrackerApp) -> int:
    assert tracker.http_address is not None
    with urllib.request.urlopen(f"http://{tracker.http_address}/metrics") as response:
        numbers = re.findall(rb"^minitorrent_connections ([0-9.]+)$", response.read(), re.M)
        return int(float(numbers[0]))


def test_a_client_that_reads_nothing_is_disconnected(tmp_path: Path, poller: Poller) -> None:
    channel, theirs = _channel(tmp_path, poller, write_seconds=0.2)
    try:
        with pytest.raises(ChannelClosedError):
            for _ in range(4000):  # more than any socket holds
                channel.send(bytes(16 * 1024))
    finally:
        channel.interrupt()
        channel.close()
        theirs.close()


def patiently(ask: Callable[[], object]) -> None:
    """Ask again while the tracker is busy, as clients do."""
    while True:
        try:
            ask()
            return
        except RefusedError as error:
            if error.code != "busy":
                raise


def test_a_hundred_clients_at_once(start_tracker: StartTracker) -> None:
    tracker = start_tracker()
    with SessionClient(tracker.address) as ann:
        ann.sign_up("ann").call("create_group", group="lab")
        info_hash = ann.upload("lab", "x.bin")["info_hash"]
        token = _token(tracker.address)
        failures: list[Exception] = []

        def work(number: int) -> None:
            try:
                with SessionClient(tracker.address) as client:
                    peer = f"{number:040x}"
                    place: dict[str, Any] = {"peer_id": peer, "port": 2000 + number}
                    patiently(partial(client.call, "resume_session", token=token, **place))
                    for _ in range(3):
                        patiently(partial(client.announce, info_hash, 5, port=2000 + number))
            except Exception as error:  # shown by the assertion below
                failures.append(error)

        run_together([partial(work, number) for number in range(100)])
        assert failures == []

        def all_gone() -> bool:
            return bool(ann.announce(info_hash, 0)["incomplete"] == 0)

        wait_until(all_gone, 10, "everybody to be gone again")


def _token(address: Endpoint) -> str:
    with SessionClient(address) as client:
        token: str = client.login("ann")["token"]
        return token


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET /health HTTP/1.1\r\nHost: x\r\n", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET "],
)
def test_half_an_http_request_times_out(lab: Lab, serve: Serve, begun: bytes) -> None:
    address = serve(lab.services, request_seconds=0.6).http_address
    assert address is not None
    with socket.create_connection(address, 10) as sock:
        sock.sendall(begun)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert (b"200 OK" in answer) == begun.endswith(b"GET ")


def test_shutdown_is_quick_with_many_clients(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker()
    ann = connect(tracker).sign_up("ann")
    others = [connect(tracker) for _ in range(50)]
    assert code_of(others[0], "list_groups") == "not_logged_in"
    start = time.monotonic()
    tracker.stop()
    assert time.monotonic() - start < 10  # not a second for each
    assert ann.read() == {}
