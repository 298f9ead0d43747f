"""One session with a tracker, as light as Python allows; its calls block."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

from common.types import Endpoint
from tests.support.closing import Closing
from tests.support.security.certificates import trusting_context

SECONDS = 30.0
"""The longest wait for a connection or an answer."""

PORT = 6881
"""Where these clients claim to accept peers."""

_CHUNK = 1 << 16


class RefusedError(Exception):
    """The tracker answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = str(error["code"])
        self.message = str(error["message"])


class LostError(Exception):
    """The connection broke: whether the last request was carried out is unknown."""


@cache
def any_certificate() -> ssl.SSLContext:
    """Return a client's context that accepts any certificate, one for all sessions."""
    return trusting_context()


def encode(number: int, operation: str, arguments: dict[str, Any]) -> bytes:
    """Return a request as a line."""
    return json.dumps({"id": number, "op": operation, "args": arguments}).encode() + b"\n"


class LightSession(Closing):
    """A connection, used by one thread. `on_notice` is given every notice that arrives.

    Raises LostError when the connection can't be opened, breaks, or doesn't answer in time.
    """

    def __init__(
        self,
        address: Endpoint,
        on_notice: Callable[[dict[str, Any]], None] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self.address = address
        self.peer_id = secrets.token_hex(20)
        self._on_notice = on_notice
        self._number = 0
        self._unread = b""
        self._raw: socket.socket | None = None
        try:
            self._raw = socket.create_connection(address, seconds)
            self._raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Kept, so that another thread can cut the connection below TLS.
            self._socket = any_certificate().wrap_socket(self._raw.dup())
            self.greeting = self._read()
        except OSError as error:
            self.close()
            raise LostError(str(error)) from error

    def close(self) -> None:
        """Close the connection, without a farewell."""
        for sock in (getattr(self, "_socket", None), self._raw):
            if sock is not None:
                sock.close()

    def cut(self) -> None:
        """Break the connection, as a network would; any thread may call this at any time."""
        if self._raw is not None:
            with suppress(OSError):
                self._raw.shutdown(socket.SHUT_RDWR)

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Return the result of an operation. Raises RefusedError and LostError."""
        self._number += 1
        return self.exchange(encode(self._number, operation, arguments))

    def exchange(self, line: bytes) -> dict[str, Any]:
        """Send an encoded request and return its result; raises as `call` does."""
        try:
            self._socket.sendall(line)
            while "ok" not in (reply := self._read()):
                self._take(reply)
        except OSError as error:
            raise LostError(str(error)) from error
        if not reply["ok"]:
            raise RefusedError(reply["error"])
        result: dict[str, Any] = reply["result"]
        return result

    def listen(self, seconds: float) -> None:
        """Take notices for at most this long, or until one has arrived. Raises LostError."""
        try:
            self._socket.settimeout(seconds)
            try:
                self._take(self._read())
            except TimeoutError:
                return
            finally:
                self._socket.settimeout(SECONDS)
        except OSError as error:
            raise LostError(str(error)) from error

    def login(self, user: str, password: str) -> dict[str, Any]:
        """Log in with the password."""
        return self.call("login", user=user, password=password, peer_id=self.peer_id, port=PORT)

    def resume(self, token: str) -> dict[str, Any]:
        """Log in with a token."""
        return self.call("resume_session", token=token, peer_id=self.peer_id, port=PORT)

    def announce(self, info_hash: str, left: int = 1, **more: Any) -> dict[str, Any]:
        """Announce one file; return the tracker's answer for it."""
        file = {"info_hash": info_hash, "left": left, **more}
        answer: dict[str, Any] = self.call("announce", port=PORT, files=[file])["files"][0]
        return answer

    def _take(self, message: dict[str, Any]) -> None:
        if self._on_notice is not None and "event" in message:
            self._on_notice(message["event"])

    def _read(self) -> dict[str, Any]:
        """Return the next message; raises OSError, also at the end of the stream."""
        while b"\n" not in self._unread:
            data = self._socket.recv(_CHUNK)
            if not data:
                raise ConnectionError("the tracker closed the connection")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message
