"""A client that comes back: it resumes its login at whichever tracker answers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load.session import LightSession, LostError, RefusedError
from common.types import Endpoint

_PAUSE = (0.1, 0.4)  # seconds between two attempts
_ANSWER = 20.0  # seconds; longer than a tracker waits for its database
PASSING = frozenset({"busy", "not_logged_in", "timeout"})
"""Codes of refusals that say nothing about what was asked."""


@dataclass
class Findings:
    """What the clients of a run saw that they must not see, and how much they did. Thread-safe."""

    done: int = 0
    lost: int = 0
    passing: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    internal: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, operation: str, outcome: str) -> None:
        """Count an operation by its outcome: ok, lost, or an error code."""
        with self._lock:
            if outcome == "ok":
                self.done += 1
            elif outcome == "lost":
                self.lost += 1
            elif outcome == "internal":
                self.internal.append(operation)
            elif outcome in PASSING:
                self.passing[outcome] = self.passing.get(outcome, 0) + 1

    def report(self, fault: str) -> None:
        """Write down a promise that was broken."""
        with self._lock:
            self.faults.append(fault)


class StoppedError(Exception):
    """The run is over."""


class ReturningClient:
    """One user's client, used by one thread; others may cut its connection."""

    def __init__(
        self,
        name: str,
        token: str,
        addresses: Sequence[Endpoint],
        findings: Findings,
        stopped: threading.Event,
    ) -> None:
        self.name = name
        self.on_notice: Callable[[dict[str, Any]], None] | None = None
        self.last_ok = 0.0
        """When the newest request that succeeded was sent (time.monotonic)."""
        self.returned_at = 0.0
        """When the first request sent after `mark` was answered; 0 if none was yet."""
        self._marked_at = 0.0
        self._token = token
        self._addresses = addresses
        self._findings = findings
        self._stopped = stopped
        self._session: LightSession | None = None

    @property
    def is_connected(self) -> bool:
        """Whether there is a session, which may be broken."""
        return self._session is not None

    def mark(self) -> None:
        """Have `returned_at` tell of the time from now on."""
        self._marked_at, self.returned_at = time.monotonic(), 0.0

    def cut(self) -> None:
        """Break the connection."""
        session = self._session
        if session is not None:
            session.cut()

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Return the result. Raises RefusedError, and LostError if the outcome is unknown."""
        session = self.connect()
        began = time.monotonic()
        try:
            result = session.call(operation, **arguments)
        except LostError:
            self._findings.count(operation, "lost")
            self.close()
            raise
        except RefusedError as error:
            self._findings.count(operation, error.code)
            if error.code == "not_logged_in":
                self.close()
            raise
        self._findings.count(operation, "ok")
        self._succeeded(began)
        return result

    def _succeeded(self, began: float) -> None:
        self.last_ok = began
        if not self.returned_at and began > self._marked_at:
            self.returned_at = time.monotonic()

    def listen(self, seconds: float) -> None:
        """Take notices for a while. Raises LostError."""
        try:
            self.connect().listen(seconds)
        except LostError:
            self.close()
            raise

    def connect(self) -> LightSession:
        """Return the session, resumed at any tracker if need be. Raises StoppedError."""
        while self._session is None:
            if self._stopped.is_set():
                raise StoppedError
            with suppress(LostError):
                self._session = self._resume(random.choice(self._addresses))
            if self._session is None:
                time.sleep(random.uniform(*_PAUSE))
        return self._session

    def _resume(self, address: Endpoint) -> LightSession | None:
        session = LightSession(address, self.on_notice, _ANSWER)
        try:
            began = time.monotonic()
            session.resume(self._token)
        except RefusedError as error:
            session.close()
            self._findings.count("resume_session", error.code)
            if error.code not in PASSING - {"not_logged_in"} | {"internal"}:
                self._findings.report(f"{self.name}: the login is lost: {error}")
            return None
        except LostError:
            session.close()
            raise
        self._succeeded(began)
        return session
