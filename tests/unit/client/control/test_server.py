"""Programs that hand over their commands, honest and hostile ones, on a session that isn't real."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from client.config import ClientConfig
from client.control import connection, hand_over, protocol
from client.control.address import connect, listening
from client.control.hand_over import find
from client.control.protocol import LineBuffer, Message, Printed, Ready, Refusal, decode, encode
from client.control.running_client import RunningClient, start_message
from client.control.server import MOST_CALLERS, ControlServer
from client.shell.terminal.screen import Screen
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.support.fakes.services.session import FakeSession
from tests.support.waiting import wait_until

PAGE = protocol.Page("http://127.0.0.1:7999/?token=fake", "http://127.0.0.1:7999/?open=code")
CONFIG = ClientConfig(Endpoint("127.0.0.1", 7000), (Endpoint("127.0.0.1", 7400),), Path("/unused"))
SOON = 10.0


class Running:
    """A server on a fake session, and how to reach it."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        self.session = FakeSession()
        self.folder = folder
        self.server = ControlServer(self.session, listener, CONFIG, lambda: PAGE)
        self._stack = ExitStack()

    def connect(self) -> socket.socket:
        connection = connect(self.folder)
        assert connection is not None
        connection.settimeout(SOON)
        return self._stack.enter_context(connection)

    def client(self) -> RunningClient:
        return self._stack.enter_context(RunningClient(self.connect()))

    def close(self) -> None:
        self._stack.close()
        self.server.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with listening(tmp_path) as listener:
        made = Running(tmp_path, listener)
        made.server.start()
        yield made
        made.close()


def until_closed(connection: socket.socket) -> list[Message]:
    """What a connection receives until the other side closes it."""
    buffer, found = LineBuffer(1 << 20), list[Message]()
    while data := connection.recv(1 << 16):
        found += map(decode, buffer.feed(data))
    return found


def test_commands_one_after_the_other(running: Running) -> None:
    client = running.client()
    assert client.greeting.listen == "127.0.0.1:7000"
    assert client.call("login", "ann", "secret123")["user"] == "ann"
    assert client.call("whoami") == {"user": "ann"}
    with pytest.raises(MinitorrentError) as caught:
        client.call("bogus")
    assert caught.value.code is ErrorCode.USAGE
    assert client.call("list_files", "lab", limit=1)["group"] == "lab"


def test_the_link_to_the_page(running: Running) -> None:
    assert running.client().open_page() == PAGE


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00garbage\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"{}\n",
        encode(protocol.Line("whoami")),
        encode(protocol.Ready()),
        encode(protocol.Cancel()),
        encode(start_message(as_json=True)) * 2,
        encode(start_message(as_json=True)) + encode(protocol.Secret("x")),
        encode(start_message(as_json=True)).replace(b'"folder": "/', b'"folder": "'),
        b"x" * (protocol.LONGEST_REQUEST + 1),
    ],
)
def test_what_is_no_message_in_its_turn_ends_the_connection(running: Running, sent: bytes) -> None:
    caller = running.connect()
    caller.sendall(sent)
    received = until_closed(caller)
    assert isinstance(received[-1], Refusal)
    assert received[-1].code == "usage"
    assert running.client().call("help")


def test_a_caller_that_says_nothing_or_half_of_it_is_disconnected(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_START_TIME", 0.05)
    monkeypatch.setattr(connection, "_LINE_TIME", 0.05)
    half = encode(protocol.Line("whoami"))[:10]
    for sent in (b"", half, encode(start_message(as_json=True)) + half):
        with running.connect() as caller:
            caller.sendall(sent)
            assert isinstance(until_closed(caller)[0], protocol.Greeting)
    idle = running.connect()  # between its lines, a caller may take its time
    idle.sendall(encode(start_message(as_json=True)))
    idle.settimeout(0.2)
    with pytest.raises(TimeoutError):
        until_closed(idle)


def test_more_callers_than_there_is_room_for(running: Running) -> None:
    waiting = [running.connect() for _ in range(MOST_CALLERS)]
    for caller in waiting:
        assert caller.recv(1)
    for _ in range(100 - MOST_CALLERS):
        with running.connect() as refused:
            (refusal,) = until_closed(refused)
            assert isinstance(refusal, Refusal)
            assert refusal.code == "busy"
    began = time.monotonic()
    assert find(running.folder, began) is None  # the caller tries again for a while
    with pytest.raises(MinitorrentError, match="programs are already using") as caught:
        find(running.folder, began - hand_over._PATIENCE)
    assert caught.value.code is ErrorCode.BUSY
    waiting.pop().close()
    with wait_until(lambda: find(running.folder, time.monotonic()), SOON, "room") as client:
        assert client.call("help")


def test_a_caller_that_reads_nothing_slows_only_itself(running: Running) -> None:
    stuck = running.connect()
    stuck.sendall(encode(start_message(as_json=True)))
    other = running.client()
    assert other.call("help")
    text = "A long notice. " * 1000
    began = time.monotonic()
    for _ in range(1000):  # 15 MB, of which a few are kept
        running.session.notices.notify("warning", text)
    assert time.monotonic() - began < SOON
    assert other.call("help")
    received = 0
    stuck.settimeout(1.0)
    with pytest.raises(TimeoutError):
        while True:
            received += len(stuck.recv(1 << 20))
    assert 0 < received < 4 << 20


def started(running: Running, *, can_ask: bool = False) -> RunningClient:
    """A caller whose first line is waited for."""
    client = running.client()
    client.send(start_message(as_json=True, can_ask=can_ask))
    assert isinstance(client.receive(), Ready)
    return client


def waiting(running: Running) -> RunningClient:
    """A caller that waits for downloads."""
    running.session.waits_for.clear()
    client = started(running)
    client.send(protocol.Line("wait"))
    wait_until(lambda: ("wait", None) in running.session.calls, SOON, "the wait to begin")
    return client


def test_a_caller_that_leaves_ends_its_wait(running: Running) -> None:
    client = waiting(running)
    client.close()
    wait_until(lambda: not command_threads(), SOON, "the end of its thread")


def command_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "control command"]


def test_cancel_ends_a_wait_and_the_script(running: Running) -> None:
    client = waiting(running)
    client.send(protocol.Cancel())
    printed = client.receive()
    assert isinstance(printed, Printed)
    assert json.loads(printed.text)["error"]["code"] == "timeout"
    assert client.receive() == protocol.Exit(1, client_ends=False)


def test_callers_are_told_when_the_client_ends(running: Running) -> None:
    idle, client = running.client(), waiting(running)
    running.server.close()
    with pytest.raises(MinitorrentError, match="has ended"):
        while True:
            client.receive()
    with pytest.raises(MinitorrentError, match="has ended"):
        idle.call("help")
    assert not command_threads()


def test_a_secret_is_asked_for_at_the_caller(running: Running) -> None:
    client = started(running, can_ask=True)
    client.send(protocol.Line("login ann"))
    assert client.receive() == protocol.Question("Password: ")
    client.send(protocol.Secret("secret123"))
    printed = client.receive()
    assert isinstance(printed, Printed)
    assert json.loads(printed.text)["ok"]


@pytest.mark.parametrize("line", ["login ann", "\udcff", "w" * ((1 << 20) + 1)])
def test_lines_that_fail_as_in_any_script(running: Running, line: str) -> None:
    client = started(running)
    client.send(protocol.Line(line))
    printed = client.receive()
    assert isinstance(printed, Printed)
    assert json.loads(printed.text)["error"]["code"] == "usage"
    client.receive()
    client.send(protocol.End())
    assert client.receive() == protocol.Exit(1, client_ends=False)


def test_no_tracker_is_an_exit_status_of_its_own(running: Running) -> None:
    running.session.reached = False
    running.session.failure = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "None answers.")
    client = started(running)
    client.send(protocol.Line("list_groups"))
    client.receive()
    client.receive()
    client.send(protocol.End())
    assert client.receive() == protocol.Exit(3, client_ends=False)


def test_frames_are_sent_until_the_caller_stops_them(running: Running) -> None:
    client = running.client()
    screen = Screen(width=80)
    client.send(start_message(as_json=False, can_ask=True, out=screen, err=screen))
    client.receive()
    client.send(protocol.Line("show_downloads --watch"))
    frame = client.receive()
    assert isinstance(frame, protocol.Frame)
    assert frame.text.startswith("No downloads")
    client.send(protocol.Cancel())
    while not isinstance(message := client.receive(), protocol.Exit):
        assert isinstance(message, protocol.Frame | Printed)
    assert message.status == 0


def test_a_client_whose_script_has_ended_stays_for_its_callers(running: Running) -> None:
    running.server.wait_for_callers(lambda: False)
    client = started(running)
    running.server.wait_for_callers(lambda: True)  # a signal ends it all the same
    waits = threading.Thread(target=running.server.wait_for_callers, args=(lambda: False,))
    waits.start()
    client.send(protocol.Line("help"))
    assert isinstance(client.receive(), Printed)
    assert waits.is_alive()
    client.close()
    waits.join(SOON)
    assert not waits.is_alive()


def test_a_socket_that_fails_is_no_obstacle_to_the_end(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        failing = Running(tmp_path, listener)
        listener.close()
        with structlog.testing.capture_logs() as logged:
            failing.server.start()
            failing.close()
    assert [entry["log_level"] for entry in logged] == ["error"]
