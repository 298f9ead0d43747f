"""A connection to a scripted tracker: greetings, replies, notices, and every way it can end."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from client.config import DEFAULT_TIMING, Timing
from client.net.tracker.tracker_connection import (
    ConnectionLostError,
    TrackerConnection,
    UntrustedTrackerError,
    source_host,
)
from client.net.transports.own_port import OwnAddress
from common.api.accounts import PING, Ping
from common.api.events import EventNotice
from common.api.groups import GET_GROUP, GetGroup
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.unit.client.net.conftest import Log
from tests.unit.client.net.fake_tracker import GREETING, FakeTracker, RefusalError

NOWHERE = OwnAddress(None, 0)
EVENT = {
    "id": 1,
    "at": "2026-01-01T00:00:00Z",
    "kind": "join_requested",
    "group": "lab",
    "actor": "bob",
    "subject": "bob",
    "text": "bob asks to join lab.",
}


@pytest.fixture
def tracker() -> Iterator[FakeTracker]:
    with FakeTracker() as running:
        yield running


class EventLog:
    """The events of a connection: notices, and its end."""

    def __init__(self) -> None:
        self.notices: list[EventNotice] = []
        self.closed = threading.Event()
        self.certificates: list[bytes] = []

    def check_certificate(self, _: Endpoint, certificate: bytes) -> None:
        """Trust everybody."""
        self.certificates.append(certificate)

    def connect(
        self, tracker: FakeTracker, source: str | None = None, timing: Timing = DEFAULT_TIMING
    ) -> TrackerConnection:
        """Open a connection that reports its events."""
        return TrackerConnection(
            tracker.address,
            OwnAddress(source, 0),
            self.notices.append,
            lambda _: self.closed.set(),
            self.check_certificate,
            timing,
        )


def refusal(call: Callable[[], object]) -> MinitorrentError:
    """The error that a call raises."""
    with pytest.raises(MinitorrentError) as raised:
        call()
    return raised.value


def test_replies_are_matched_by_number(tracker: FakeTracker) -> None:
    group = {"group": "lab", "mode": "open", "owner": "ann", "source": "x"}
    tracker.answers["get_group"] = lambda _: group
    connection = EventLog().connect(tracker, "127.0.0.1")
    assert connection.is_open
    assert connection.request(GET_GROUP, GetGroup(group="lab")).source == "x"
    connection.request(PING, Ping())
    connection.close()
    assert [name for name, _ in tracker.seen] == ["get_group", "ping"]


def test_the_trackers_refusal_is_raised(tracker: FakeTracker) -> None:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("not_member", "You are not in it.")

    def refuse_newly(_: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("invented_later", "Too new.")

    connection = EventLog().connect(tracker)
    tracker.answers["ping"] = refuse
    error = refusal(lambda: connection.request(PING, Ping()))
    assert (error.code, error.message) == (ErrorCode.NOT_MEMBER, "You are not in it.")
    tracker.answers["ping"] = refuse_newly
    error = refusal(lambda: connection.request(PING, Ping()))
    assert (error.code, error.message) == (ErrorCode.INTERNAL, "Too new.")
    connection.close()


def test_a_refusal_without_a_reason(tracker: FakeTracker) -> None:
    tracker.answers["ping"] = lambda _: tracker.push(b'{"id":1,"ok":false}\n')
    connection = EventLog().connect(tracker)
    assert refusal(lambda: connection.request(PING, Ping())).code is ErrorCode.INTERNAL
    connection.close()


def test_notices_come_between_replies(tracker: FakeTracker) -> None:
    event_log = EventLog()
    connection = event_log.connect(tracker)
    tracker.push(json.dumps({"event": EVENT}).encode() + b"\n")
    wait_until(lambda: event_log.notices, what="the notice")
    assert event_log.notices[0].text == EVENT["text"]
    connection.close()


def test_a_notice_right_after_the_greeting_is_received() -> None:
    line = json.dumps({"event": EVENT}).encode() + b"\n"
    event_log = EventLog()
    with FakeTracker(GREETING + line) as tracker:
        connection = event_log.connect(tracker)
        wait_until(lambda: event_log.notices, what="the notice")
        connection.close()


@pytest.mark.parametrize(
    "line",
    [
        b'{"event":{"id":1}}\n',
        b'{"id":"x"}\n',
        b'{"hello":1}\n',
        b'{"id":99,"ok":true}\n',
        b'{"id":null,"ok":false}\n',
    ],
)
def test_unknown_lines_are_ignored(tracker: FakeTracker, line: bytes) -> None:
    connection = EventLog().connect(tracker)
    tracker.push(line)
    connection.request(PING, Ping())
    connection.close()


def test_a_line_that_is_not_json_ends_the_connection(tracker: FakeTracker) -> None:
    event_log = EventLog()
    connection = event_log.connect(tracker)
    tracker.push(b"\xff\xfe rubbish\n")
    assert event_log.closed.wait(5.0)
    assert not connection.is_open
    connection.close()


def test_an_unexpected_failure_is_logged_and_ends_the_connection(
    tracker: FakeTracker, log: Log
) -> None:
    closed = threading.Event()

    def fail(_: EventNotice) -> None:
        raise ValueError("a bug")

    connection = TrackerConnection(
        tracker.address, NOWHERE, fail, lambda _: closed.set(), EventLog().check_certificate
    )
    tracker.push(json.dumps({"event": EVENT}).encode() + b"\n")
    assert closed.wait(5.0)
    connection.close()
    assert [entry for entry in log if entry.get("exc_info")]
    log.clear()


@pytest.mark.parametrize(
    ("greeting", "says"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", "no Minitorrent tracker"),
        (b"[]\n", "no Minitorrent tracker"),
        (b'{"id":null,"ok":true}\n', "no Minitorrent tracker"),
        (b'{"minitorrent":{"version":[2,0],"server":"new"}}\n', "version 2"),
        (
            b'{"id":null,"ok":false,"error":{"code":"internal","message":"Too busy."}}\n',
            "Too busy.",
        ),
    ],
)
def test_other_servers_are_not_trackers(greeting: bytes, says: str) -> None:
    with FakeTracker(greeting) as tracker:
        error = refusal(lambda: EventLog().connect(tracker))
    assert error.code is ErrorCode.TRACKER_UNREACHABLE
    assert says in error.message
    assert str(tracker.address) in error.message


def test_a_newer_minor_version_is_accepted() -> None:
    with FakeTracker(GREETING.replace(b"[1,0]", b"[1,7]")) as tracker:
        connection = EventLog().connect(tracker)
        connection.request(PING, Ping())
        connection.close()


def test_a_tracker_that_hangs_up_before_its_greeting() -> None:
    with FakeTracker(b"", hangs_up=True) as tracker, pytest.raises(ConnectionLostError):
        EventLog().connect(tracker)


def test_a_trickled_greeting_times_out() -> None:
    trickling = threading.Event()
    with FakeTracker(b"") as tracker:

        def trickle() -> None:
            while not trickling.wait(0.05):
                tracker.push(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                EventLog().connect(tracker, timing=Timing(tracker_connect=0.3))
            assert time.monotonic() - began < 10.0
        finally:
            trickling.set()
            thread.join()


def test_nobody_listens() -> None:
    address = Endpoint("127.0.0.1", free_port())
    for source in (None, "127.0.0.1"):
        with pytest.raises(OSError):
            TrackerConnection(
                address,
                OwnAddress(source, 0),
                lambda _: None,
                lambda _: None,
                EventLog().check_certificate,
            )


def test_an_unusable_source_address_is_ignored(tracker: FakeTracker) -> None:
    connection = EventLog().connect(tracker, "203.0.113.9")
    connection.request(PING, Ping())
    connection.close()


def test_a_missing_reply_times_out(tracker: FakeTracker) -> None:
    tracker.answers["ping"] = lambda _: None
    connection = EventLog().connect(tracker)
    assert refusal(lambda: connection.request(PING, Ping(), 0.05)).code is ErrorCode.TIMEOUT
    assert connection.is_open
    connection.close()


def test_a_connection_lost_during_a_request(tracker: FakeTracker) -> None:
    def drop(_: dict[str, Any]) -> None:
        tracker.drop()

    tracker.answers["ping"] = drop
    connection = EventLog().connect(tracker)
    with pytest.raises(ConnectionLostError):
        connection.request(PING, Ping())
    with pytest.raises(ConnectionLostError):  # and it stays lost
        wait_until(lambda: not connection.is_open, what="the end to be noticed")
        connection.request(PING, Ping())
    connection.close()


def test_closing_wakes_waiting_callers(tracker: FakeTracker) -> None:
    asked = threading.Event()

    def never(_: dict[str, Any]) -> None:
        asked.set()

    tracker.answers["ping"] = never
    connection = EventLog().connect(tracker)
    errors: list[Exception] = []

    def ask() -> None:
        try:
            connection.request(PING, Ping())
        except MinitorrentError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(5.0)
    connection.close()
    thread.join(5.0)
    assert isinstance(errors[0], ConnectionLostError)


def test_a_quiet_tracker_is_pinged_and_its_answers_count(tracker: FakeTracker) -> None:
    timing = Timing(tracker_ping_every=0.05, tracker_silence=20.0)
    connection = EventLog().connect(tracker, timing=timing)
    at_first = connection._received_at
    wait_until(lambda: len(tracker.asked("ping")) > 8, what="many pings")
    wait_until(lambda: connection._received_at > at_first, what="their answers to count")
    assert connection.is_open
    connection.close()


def test_a_silent_tracker_is_given_up(tracker: FakeTracker) -> None:
    tracker.answers["ping"] = lambda _: None
    event_log = EventLog()
    timing = Timing(tracker_ping_every=0.05, tracker_silence=1.0)
    connection = event_log.connect(tracker, timing=timing)
    assert event_log.closed.wait(10.0)
    wait_until(lambda: tracker.asked("ping"), what="the ping sent before it is given up")
    connection.close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::1", "::1"),
        ("0.0.0.0", None),
        ("::", None),
        ("some.host.example", None),
    ],
)
def test_the_source_address(host: str, expected: str | None) -> None:
    assert source_host(Endpoint(host, 1)) == expected


def test_the_certificate_is_checked_before_anything_is_sent(tracker: FakeTracker) -> None:
    event_log = EventLog()
    event_log.connect(tracker).close()
    assert event_log.certificates

    def refuse(_: Endpoint, __: bytes) -> None:
        raise UntrustedTrackerError("Another one.")

    with pytest.raises(UntrustedTrackerError):
        TrackerConnection(tracker.address, NOWHERE, lambda _: None, lambda _: None, refuse)
    assert tracker.seen == []


def test_a_server_without_tls_is_not_a_tracker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with listener.accept()[0] as sock:
                sock.sendall(GREETING)
                sock.recv(1 << 16)

        thread = threading.Thread(target=greet)
        thread.start()
        address = Endpoint(*listener.getsockname())
        with pytest.raises(MinitorrentError, match="no Minitorrent tracker"):
            TrackerConnection(
                address, NOWHERE, lambda _: None, lambda _: None, EventLog().check_certificate
            )
        thread.join()


def test_heavy_traffic_both_ways(tracker: FakeTracker) -> None:
    event_log = EventLog()
    connection = event_log.connect(tracker)
    line = json.dumps({"event": {**EVENT, "text": "x" * 100_000}}).encode() + b"\n"

    def push() -> None:
        for _ in range(100):
            tracker.push(line)

    pushing = threading.Thread(target=push)
    pushing.start()
    request = GetGroup.model_construct(group="g" * 100_000)
    group = {"group": "lab", "mode": "open", "owner": "ann", "source": "x" * 100_000}
    tracker.answers["get_group"] = lambda _: group
    asking = [
        threading.Thread(target=lambda: [connection.request(GET_GROUP, request) for _ in range(20)])
        for _ in range(4)
    ]
    for thread in asking:
        thread.start()
    for thread in [*asking, pushing]:
        thread.join(60.0)
    assert len(tracker.asked("get_group")) == 80
    wait_until(lambda: len(event_log.notices) == 100, what="the last notices")
    connection.close()
