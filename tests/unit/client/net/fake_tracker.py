"""A tracker that answers as a test has it answer, and drops connections at its word."""

from __future__ import annotations

import functools
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from common.types import Endpoint
from tests.support.closing import Closing
from tests.support.security.certificates import server_context
from tests.support.security.secure import SecureStream

GREETING = b'{"minitorrent":{"version":[1,0],"server":"fake"}}\n'
"""As older trackers greet: without the time."""

Answer = Callable[[dict[str, Any]], Mapping[str, Any] | None]
"""From a request's arguments to its result, or to None: then no reply is sent."""


class RefusalError(Exception):
    """Raised by an answer: the tracker refuses."""

    def __init__(self, code: str, message: str = "No.", retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.error: dict[str, object] = {"code": code, "message": message}
        if retry_after is not None:
            self.error["retry_after"] = retry_after


def greeting_at(behind: float) -> bytes:
    """How a tracker greets whose clock is so many seconds behind this machine's."""
    shown = datetime.now(UTC) - timedelta(seconds=behind)
    greeting = {"version": [1, 0], "server": "fake", "time": shown.isoformat()}
    return json.dumps({"minitorrent": greeting}).encode() + b"\n"


def login_reply(user: str = "ann", token: str = "token 1") -> dict[str, Any]:
    """Return a tracker's reply to `login` and `resume_session`."""
    return {
        "user": user,
        "groups": ["lab"],
        "token": token,
        "shares": [],
        "pending_requests": 0,
    }


@functools.cache
def own_context() -> ssl.SSLContext:
    """TLS with a certificate that all fake trackers share."""
    with tempfile.TemporaryDirectory() as folder:
        return server_context(Path(folder))


class FakeTracker(Closing):
    """Listens while its context lasts. `accepted` counts connections, `seen` holds requests.

    `greeting` is sent to every connection; then, unless it is `hangs_up`, requests are answered by
    `answers`. An operation without an answer gets an empty result.
    """

    def __init__(
        self,
        greeting: bytes = GREETING,
        *,
        hangs_up: bool = False,
        port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.greeting = greeting
        self.context = context or own_context()
        self.hangs_up = hangs_up
        self.answers: dict[str, Answer] = {}
        self.accepted = 0
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self._open: set[SecureStream] = set()
        self._lock = threading.Lock()
        self._sock = socket.create_server(("127.0.0.1", port))
        self._closing = False
        self.address = Endpoint(*self._sock.getsockname())
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, name="fake tracker")

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def close(self) -> None:
        """Stop listening and drop all connections; may be called again."""
        self._closing = True
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(5.0)
        self._sock.close()
        self.drop()
        for thread in self._threads:
            thread.join(5.0)

    def drop(self) -> None:
        """Drop all connections, but keep listening."""
        with self._lock:
            for stream in self._open:
                stream.hang_up()

    def push(self, line: bytes) -> None:
        """Send a line to all connections."""
        with self._lock:
            for stream in self._open:
                stream.sendall(line)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The arguments of the requests for an operation so far."""
        return [arguments for name, arguments in self.seen if name == operation]

    def _accept(self) -> None:
        while not self._closing:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            self.accepted += 1
            sock.settimeout(10.0)
            thread = threading.Thread(target=self._talk, args=(sock,), name="fake session")
            self._threads.append(thread)
            thread.start()

    def _talk(self, sock: socket.socket) -> None:
        with suppress(OSError), SecureStream(sock, self.context, server_side=True) as stream:
            sock.settimeout(None)
            with self._lock:
                self._open.add(stream)
            try:
                stream.sendall(self.greeting)
                if not self.hangs_up and not self._closing:
                    while line := stream.readline():
                        self._answer(stream, json.loads(line))
            finally:
                with self._lock:
                    self._open.discard(stream)

    def _answer(self, stream: SecureStream, request: dict[str, Any]) -> None:
        self.seen.append((request["op"], request["args"]))
        answer: Answer = self.answers.get(request["op"], lambda _: {})
        reply: dict[str, Any] = {"id": request["id"], "ok": True}
        try:
            result = answer(request["args"])
            if result is None:
                return
            reply["result"] = result
        except RefusalError as refusal:
            reply["ok"] = False
            reply["error"] = refusal.error
        stream.sendall(json.dumps(reply).encode() + b"\n")
