"""How long an HTTP connection is waited for: the protocol on a loop and transport of the test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from uvicorn import Config
from uvicorn.server import ServerState

from tracker.frontend.http.connection_slots import ConnectionSlots
from tracker.frontend.http.protocol import REQUEST_SECONDS, ImpatientProtocol, protocol_for


class Loop:
    """Runs delayed calls when the test says so."""

    def __init__(self) -> None:
        self.later: list[tuple[float, Any]] = []

    def call_later(self, seconds: float, call: Any) -> Any:
        self.later.append((seconds, call))
        return SimpleNamespace(cancel=lambda: None)

    def pass_time(self) -> None:
        """The time is up that was asked for last."""
        self.later.pop()[1]()


class Transport:
    def __init__(self, address: str) -> None:
        self.address = address
        self.unread = 0
        self.written = b""
        self.end = ""

    def get_extra_info(self, name: str) -> Any:
        return {"peername": (self.address, 1), "sockname": ("127.0.0.1", 2)}.get(name)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def write(self, data: bytes) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.end = "half"

    def close(self) -> None:
        self.end = "closed"

    def abort(self) -> None:
        self.end = "aborted"


def connect(loop: Loop, places: ConnectionSlots, address: str = "10.0.0.1") -> Any:
    config = Config(FastAPI(), ws="none", lifespan="off", log_config=None)
    make = cast(Any, protocol_for(places, REQUEST_SECONDS))
    protocol = make(config, ServerState(), {}, _loop=loop)
    assert isinstance(protocol, ImpatientProtocol)
    protocol.connection_made(cast(Any, Transport(address)))
    return protocol


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_silent_connections_time_out(loop: Loop) -> None:
    protocol = connect(loop, ConnectionSlots(4))
    assert protocol.is_idle()
    loop.pass_time()
    assert protocol.transport.end == "closed"


def test_an_unread_answer_ends_the_connection(loop: Loop) -> None:
    protocol = connect(loop, ConnectionSlots(4))
    protocol.cycle = SimpleNamespace(more_body=False, response_complete=True)
    protocol.transport.unread = 1_000_000
    assert protocol.is_idle()
    loop.pass_time()
    assert protocol.transport.end == ""
    protocol.transport.unread -= int(4096 * REQUEST_SECONDS) - 1
    loop.pass_time()
    assert protocol.transport.end == "aborted"


def test_slow_but_steady_readers_are_kept(loop: Loop) -> None:
    protocol = connect(loop, ConnectionSlots(4))
    protocol.cycle = SimpleNamespace(more_body=False, response_complete=True)
    for left in (1_000_000, 900_000, 800_000):
        protocol.transport.unread = left
        loop.pass_time()
        assert protocol.transport.end == ""
    protocol.transport.unread = 0
    loop.pass_time()
    assert protocol.transport.end == "closed"


def test_connections_being_served_are_not_idle(loop: Loop) -> None:
    places = ConnectionSlots(4)
    worked_on = connect(loop, places)
    worked_on.cycle = SimpleNamespace(more_body=False, response_complete=False)
    late = connect(loop, places)
    assert not worked_on.is_idle()
    assert worked_on.transport.end == ""
    assert late.transport.written.startswith(b"HTTP/1.1 503 ")
    assert late.transport.end == "half"
    head, _, body = late.transport.written.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    loop.pass_time()
    assert late.transport.end == "aborted"


def test_a_new_connection_displaces_the_idlest_of_its_address(loop: Loop) -> None:
    places = ConnectionSlots(8)
    first, second = connect(loop, places), connect(loop, places)
    places.refresh(first)
    third = connect(loop, places)
    assert [one.transport.end for one in (first, second, third)] == ["", "aborted", ""]
    other = connect(loop, places, "10.0.0.2")
    assert (other.transport.end, first.transport.end) == ("", "")
