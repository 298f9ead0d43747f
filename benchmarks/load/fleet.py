"""Thousands of sessions in one thread, for loads where the clients must cost next to nothing."""

from __future__ import annotations

import json
import secrets
import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from benchmarks.load.session import PORT, any_certificate, encode
from common.types import Endpoint

Answer = Callable[[dict[str, Any]], None]
"""Takes a reply line: `ok` with `result` or `error`; or `{}` if the connection ended before it."""

_CHUNK = 1 << 16


class FleetSession:
    """One session of a fleet. Requests are answered in order."""

    def __init__(self, fleet: Fleet, address: Endpoint) -> None:
        self.peer_id = secrets.token_hex(20)
        self.is_open = True
        self.notices = 0
        """The number of notices received."""
        self._fleet = fleet
        self._number = 0
        self._waiting: deque[Answer] = deque()
        self._out = b""
        self._in = b""
        self._is_secure = False
        self._secure: ssl.SSLSocket | None = None
        self.socket = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
        self.socket.setblocking(False)
        self.socket.connect_ex(address)
        fleet.watch(self, selectors.EVENT_WRITE)

    def request(self, operation: str, then: Answer, **arguments: Any) -> None:
        """Send a request, at the latest once the connection is open; `then` gets the reply."""
        if not self.is_open:
            then({})
            return
        self._number += 1
        self._waiting.append(then)
        self._out += encode(self._number, operation, arguments)
        if self._is_secure:
            self.advance()

    def login(self, user: str, password: str, then: Answer) -> None:
        """Log in with the password."""
        self.request("login", then, user=user, password=password, peer_id=self.peer_id, port=PORT)

    def resume(self, token: str, then: Answer) -> None:
        """Log in with a token."""
        self.request("resume_session", then, token=token, peer_id=self.peer_id, port=PORT)

    def announce(self, info_hash: str, left: int, then: Answer) -> None:
        """Announce one file."""
        files = [{"info_hash": info_hash, "left": left}]
        self.request("announce", then, port=PORT, files=files)

    def close(self) -> None:
        """End the connection; requests without an answer get an empty one."""
        if self.is_open:
            self.is_open = False
            self._fleet.forget(self)
            self.socket.close()
            while self._waiting:
                self._waiting.popleft()({})

    def advance(self) -> None:
        """Send and receive what can be; the fleet calls it when the socket is ready."""
        if not self.is_open:
            return
        try:
            if not self._is_secure:
                self._shake_hands()
            if self._out:
                self._out = self._out[self.socket.send(self._out) :]
            self._fleet.watch(self, selectors.EVENT_READ | bool(self._out) * selectors.EVENT_WRITE)
            self._receive()
        except ssl.SSLWantReadError:
            self._fleet.watch(self, selectors.EVENT_READ)
        except ssl.SSLWantWriteError:
            self._fleet.watch(self, selectors.EVENT_READ | selectors.EVENT_WRITE)
        except OSError:
            self.close()

    def _shake_hands(self) -> None:
        if self._secure is None:
            context = any_certificate()
            self._secure = context.wrap_socket(self.socket, do_handshake_on_connect=False)
            self.socket = self._secure
        self._secure.do_handshake()
        self._is_secure = True

    def _receive(self) -> None:
        """Take all complete lines; raises OSError, SSLWantReadError when there is no more."""
        while self.is_open:
            data = self.socket.recv(_CHUNK)
            if not data:
                raise ConnectionError("the tracker closed the connection")
            *lines, self._in = (self._in + data).split(b"\n")
            for line in lines:
                self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self.notices += 1
        elif "ok" in message and self._waiting:
            self._waiting.popleft()(message)


class Fleet:
    """Runs the sessions that it opens, in the thread that calls `run`."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._watched: dict[FleetSession, int] = {}

    def open(self, address: Endpoint) -> FleetSession:
        """Begin another session; returns at once."""
        return FleetSession(self, address)

    def run(self, until: Callable[[], bool], seconds: float) -> bool:
        """Serve the sessions until the condition is true; return whether it became so in time."""
        deadline = time.monotonic() + seconds
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, _ in self._selector.select(min(left, 0.1)):
                key.data.advance()
        return True

    def close(self) -> None:
        """Close all sessions."""
        for session in list(self._watched):
            session.close()
        self._selector.close()

    def watch(self, session: FleetSession, events: int) -> None:
        """Have a session advance at these events of its socket."""
        known = self._watched.get(session)
        if known == events:
            return
        change = self._selector.register if known is None else self._selector.modify
        change(session.socket, events, session)
        self._watched[session] = events

    def forget(self, session: FleetSession) -> None:
        """Serve a session no more."""
        if self._watched.pop(session, None) is not None:
            self._selector.unregister(session.socket)
