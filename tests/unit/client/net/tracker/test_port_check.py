"""The result of dialling our own port: we answered, another program did, or nobody."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from client.core.health.measurements import Reach
from client.net.tracker.port_check import DialledPort, OwnPort
from common.api.model import Model
from common.api.operation import Operation, ReplyT, RequestT
from common.api.presence import CheckPortReply
from tests.support.ports import free_port

HOST = "127.0.0.1"
SOON = 0.05
"""Seconds for a connection to arrive."""


class ScriptedTracker:
    """A tracker that dials our port; `comes_here`: it reaches us."""

    def __init__(self, *, comes_here: bool = False, refused: bool = False) -> None:
        self.arrivals = 7
        self._comes_here = comes_here
        self._refused = refused
        self.reachable = not refused

    def call(self, operation: Operation[RequestT, ReplyT], request: RequestT) -> ReplyT:
        """Answer as the tracker."""
        self.arrivals += self._comes_here
        reply: Model = CheckPortReply(
            host="192.0.2.1", reachable=self.reachable, refused=self._refused
        )
        assert isinstance(reply, operation.reply)
        return reply

    def found(self) -> DialledPort:
        """Return our result."""
        own = OwnPort(6001, lambda: self.arrivals, SOON)
        return own.dialled_by_tracker(self)


def test_obstacles_reported_by_the_tracker() -> None:
    assert ScriptedTracker(comes_here=True).found() == ("192.0.2.1", Reach.HERE)
    assert ScriptedTracker().found() == ("192.0.2.1", Reach.ELSEWHERE)
    assert ScriptedTracker(refused=True).found() == ("192.0.2.1", Reach.REFUSED)
    silent = ScriptedTracker()
    silent.reachable = False
    assert silent.found() == ("192.0.2.1", Reach.SILENT)


def test_obstacles_we_meet_ourselves() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        arrivals = iter([0, 1])
        assert OwnPort(port, lambda: next(arrivals)).dialled_from_here(HOST).reach is Reach.HERE
        assert OwnPort(port, lambda: 0, SOON).dialled_from_here(HOST).reach is Reach.ELSEWHERE
    assert OwnPort(free_port(), lambda: 0).dialled_from_here(HOST).reach is Reach.REFUSED


def test_a_port_that_does_not_answer() -> None:
    with socket.create_server((HOST, 0), backlog=0) as server, ExitStack() as stack:
        for _ in range(3):  # with its queue full, the kernel answers no further connection
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
        own = OwnPort(server.getsockname()[1], lambda: 0, dial_limit=SOON)
        assert own.dialled_from_here(HOST).reach is Reach.SILENT
