"""Very many sessions of one tracker, driven by one thread that costs little.

crowd = Crowd(address)
crowd.open(tokens)                       # connects and resumes a session with each token
crowd.run(60, [Habit("ping", 30), Habit("find_group", 10, lambda n: {"group": "lab"})])
crowd.seconds["ping"], crowd.refusals, crowd.lost
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import selectors
import socket
import ssl
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from common.tls import TlsEngine, new_context
from common.types import Endpoint

_CHUNK: Final = 64 * 1024
_HANDSHAKES: Final = 32  # at once
_OPEN_LIMIT: Final = 600.0  # seconds without any progress


@dataclass(frozen=True)
class Habit:
    """An operation that each session repeats every `seconds`, beginning at a random moment.

    `arguments` returns them for the session's number.
    """

    operation: str
    seconds: float
    arguments: Callable[[int], dict[str, Any]] = lambda _: {}


class _Session:
    """One connection; `waiting` holds the requests without a reply: operation and time."""

    def __init__(self, number: int, token: str, address: Endpoint, context: ssl.SSLContext) -> None:
        self.number = number
        self.token = token
        self.is_ready = False
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.connect_ex(address)
        self.tls = TlsEngine(context, server_side=False)
        self.is_secure = False
        self.unread = b""
        self.waiting: dict[int, tuple[str, float]] = {}


class Crowd:
    """The sessions at one tracker."""

    def __init__(self, address: Endpoint) -> None:
        self._address = address
        self._context = new_context(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._selector = selectors.DefaultSelector()
        self._buffer = memoryview(bytearray(_CHUNK))
        self._numbers = itertools.count(1)
        self._opening: set[_Session] = set()
        self.sessions: list[_Session] = []
        self.seconds: dict[str, list[float]] = defaultdict(list)
        """Durations of the answered requests, by operation."""
        self.refusals: Counter[tuple[str, str]] = Counter()
        """Refused requests, by operation and error code."""
        self.lost: Counter[str] = Counter()
        """Connections that ended, by reason."""
        self.notices = 0

    # --- opening ----------------------------------------------------------------------------
    def open(self, tokens: Sequence[str]) -> None:
        """Connect and resume a session with each token, a few at a time."""
        left = deque(enumerate(tokens, len(self.sessions)))
        moved = time.monotonic()
        while left or self._opening:
            while left and len(self._opening) < _HANDSHAKES:
                self._dial(*left.popleft())
            before = len(self._opening)
            self._pump(1.0)
            if len(self._opening) != before:
                moved = time.monotonic()
            if time.monotonic() - moved > _OPEN_LIMIT:
                raise TimeoutError("the tracker accepts no more sessions")

    def _dial(self, number: int, token: str) -> None:
        session = _Session(number, token, self._address, self._context)
        self._opening.add(session)
        self.sessions.append(session)
        self._selector.register(session.sock, selectors.EVENT_WRITE, session)

    # --- load -------------------------------------------------------------------------------
    def run(self, seconds: float, habits: Sequence[Habit]) -> None:
        """Have every session keep these habits for so long; then wait for the last replies."""
        start = time.monotonic()
        due = [
            (start + random.uniform(0, habit.seconds), index, number)
            for index, habit in enumerate(habits)
            for number, session in enumerate(self.sessions)
            if session.is_ready
        ]
        heapq.heapify(due)
        while (now := time.monotonic()) < start + seconds:
            while due and due[0][0] <= now:
                at, index, number = heapq.heappop(due)
                habit, session = habits[index], self.sessions[number]
                if session.is_ready:
                    self.request(session, habit.operation, habit.arguments(number))
                    heapq.heappush(due, (at + habit.seconds, index, number))
            self._pump(min(0.05, max(0.0, (due[0][0] if due else now + 1) - now)))
        limit = time.monotonic() + 60
        while any(s.waiting for s in self.sessions) and time.monotonic() < limit:
            self._pump(0.1)

    @property
    def unanswered(self) -> int:
        """Requests without a reply."""
        return sum(len(session.waiting) for session in self.sessions)

    def request(self, session: _Session, operation: str, arguments: dict[str, Any]) -> None:
        """Send one request."""
        number = next(self._numbers)
        line = json.dumps({"id": number, "op": operation, "args": arguments}).encode() + b"\n"
        session.waiting[number] = operation, time.monotonic()
        session.tls.write(line)
        self._send(session)

    def close(self) -> None:
        """Drop all connections."""
        for session in self.sessions:
            self._drop(session, "")

    # --- I/O --------------------------------------------------------------------------------
    def _pump(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            session: _Session = key.data
            try:
                self._progress(session)
            except (OSError, ConnectionError) as error:
                self._drop(session, type(error).__name__)

    def _progress(self, session: _Session) -> None:
        if not session.is_secure:
            self._shake(session)
            return
        self._receive(session)
        while (count := session.tls.read_into(self._buffer)) is not None:
            if count == 0:
                raise ConnectionError
            session.unread += self._buffer[:count]
        *lines, session.unread = session.unread.split(b"\n")
        for line in lines:
            self._take(session, json.loads(line))

    def _shake(self, session: _Session) -> None:
        if session in self._opening and self._selector.get_key(session.sock).events & 2:
            self._selector.modify(session.sock, selectors.EVENT_READ, session)
        else:
            self._receive(session)
        session.is_secure = session.tls.handshake()
        self._send(session)

    def _receive(self, session: _Session) -> None:
        data = session.sock.recv(_CHUNK)
        if not data:
            raise ConnectionResetError
        session.tls.feed(data)

    def _send(self, session: _Session) -> None:
        data = session.tls.take()
        if data:
            session.sock.sendall(data)  # a request is smaller than any socket's buffer

    def _take(self, session: _Session, message: dict[str, Any]) -> None:
        if "minitorrent" in message:
            arguments = {"token": session.token, "peer_id": f"{session.number:040x}", "port": 1}
            self.request(session, "resume_session", arguments)
        elif "event" in message:
            self.notices += 1
        elif message["id"] is None:
            raise ConnectionAbortedError(message["error"]["code"])
        else:
            operation, asked = session.waiting.pop(message["id"])
            self.seconds[operation].append(time.monotonic() - asked)
            if not message["ok"]:
                self.refusals[operation, message["error"]["code"]] += 1
            elif operation == "resume_session":
                session.is_ready = True
                self._opening.discard(session)

    def _drop(self, session: _Session, reason: str) -> None:
        self._opening.discard(session)
        if session.sock.fileno() < 0:
            return
        if reason:
            self.lost[reason] += 1
        session.is_ready = False
        session.waiting.clear()
        self._selector.unregister(session.sock)
        session.sock.close()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values doesn't exceed; 0 without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
