"""The client's side of the tracker protocol: one connection at a time, with failover.

States, left to right at each attempt, back to the left when the connection is lost:

    connecting  ->  (resume the session with its token)  ->  connected
        |
        +-- every tracker failed -->  unreachable  -- after a pause --> connecting
"""

from __future__ import annotations

import threading
import time
from collections.abc import Container, Sequence
from typing import Final, Literal

import structlog

from client.config import DEFAULT_TIMING, Timing
from client.net.own_addresses import local_hosts
from client.net.tracker.callbacks import TrackerCallbacks
from client.net.tracker.patience import USUAL, RetryPolicy, busy_pause, spread
from client.net.tracker.tracker_connection import (
    AnswerTooLongError,
    CheckCertificate,
    ConnectionLostError,
    TrackerConnection,
    UntrustedTrackerError,
)
from client.net.transports.own_port import OwnAddress
from common.api.accounts import (
    LOGIN,
    LOGOUT,
    RESUME_SESSION,
    LoginReply,
    Logout,
    ResumeSession,
)
from common.api.operation import Operation, ReplyT, RequestT
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, PeerId

log = structlog.get_logger(__name__)

ConnectionState = Literal["connected", "connecting", "unreachable"]


_REPEATABLE: Final = ("list_", "get_", "find_", "announce", "identify_", "ping", "login")
"""Operations that may be repeated when the connection was lost before their reply."""

_CLOSE_LIMIT: Final = 1.0
"""Seconds to wait for the end of the connecting thread."""

_LOGOUT_LIMIT: Final = 5.0
"""Seconds to wait for the reply to a logout."""


class TrackerClient:
    """Keeps a connection to one of the trackers, and the login on it.

    `port` is where this client accepts peers; `check_certificate` is called in the connecting
    thread. It connects once started.
    """

    def __init__(
        self,
        trackers: Sequence[Endpoint],
        source_host: str | None,
        peer_id: PeerId,
        port: int,
        events: TrackerCallbacks,
        check_certificate: CheckCertificate,
        retry_policy: RetryPolicy = USUAL,
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._timing = timing
        self._retry_policy = retry_policy
        self._trackers = tuple(trackers)
        self._next_trackers = list(trackers)  # the ones to try first come first
        self._source_host = source_host
        self._peer_id = peer_id.hex()
        self._port = port
        self._events = events
        self._check_certificate = check_certificate
        self._changed = threading.Condition()
        self._connection: TrackerConnection | None = None
        self._token: str | None = None
        self._token_for: Container[Endpoint] = self._trackers  # the trackers that may see it
        self._left: Endpoint | None = None  # the tracker that has sent us to another one
        self._failed_rounds = 0  # in all; a call gives up after the next one
        self._has_served = False  # in this round, which says nothing about calls made since
        self._all_failed = False  # the last round failed
        self._asked_pause = 0.0  # seconds that a busy tracker asked us to wait in this round
        self._closing = False
        self._failed: dict[Endpoint, Exception] = {}  # trackers whose last attempt failed
        self.was_reached = False  # whether there has been any connection
        self._thread = threading.Thread(target=self._run, name="tracker client", daemon=True)

    def start(self) -> None:
        """Start to connect."""
        self._thread.start()

    def resume(self, token: str, trackers: Container[Endpoint]) -> None:
        """Resume a session of an earlier run, once connected to one of `trackers`.

        Call this before `start`.
        """
        self._token, self._token_for = token, trackers

    def close(self) -> None:
        """Close the connection for good; may be called again.

        A thread that is just connecting ends later, by itself.
        """
        with self._changed:
            if self._closing:
                return
            self._closing = True
            connection = self._connection
            self._changed.notify_all()
        if connection is not None:
            connection.close()
        if self._thread.ident is not None:
            self._thread.join(_CLOSE_LIMIT)

    def retry(self) -> None:
        """Cut short the pause between rounds, if there is one."""
        with self._changed:
            self._changed.notify_all()

    # --- state ------------------------------------------------------------------------------
    @property
    def state(self) -> ConnectionState:
        """The state over all trackers."""
        with self._changed:
            if self._connection is not None:
                return "connected"
            return "unreachable" if self._all_failed else "connecting"

    @property
    def trackers(self) -> tuple[Endpoint, ...]:
        """All trackers, in the order given."""
        return self._trackers

    @property
    def token(self) -> str | None:
        """The session's token, or None."""
        return self._token

    @property
    def current(self) -> Endpoint | None:
        """The tracker that this client is connected to."""
        connection = self._connection
        return connection.tracker if connection else None

    @property
    def current_host(self) -> str | None:
        """The IP address of that tracker's that this client is connected to."""
        connection = self._connection
        return connection.host if connection else None

    def token_for(self, tracker: Endpoint) -> str | None:
        """Return the session's token, if there is one that this tracker may see."""
        return self._token if tracker in self._token_for else None

    @property
    def clock_difference(self) -> float | None:
        """Seconds that this machine's clock is ahead of the current tracker's (behind: below 0).

        None while there is no connection, or when the tracker reported no time.
        """
        connection = self._connection
        return connection.clock_difference if connection else None

    def states(self) -> list[tuple[Endpoint, ConnectionState | Literal["offline"]]]:
        """Return each tracker's state, in the order given; offline: there was no need to try."""
        current = self.current
        return [
            (tracker, "connected" if tracker == current else self._state_of(tracker))
            for tracker in self._trackers
        ]

    def _state_of(self, tracker: Endpoint) -> ConnectionState | Literal["offline"]:
        if tracker in self._failed:
            return "unreachable"
        return "offline" if self.current else "connecting"

    # --- operations -------------------------------------------------------------------------
    def call(self, operation: Operation[RequestT, ReplyT], request: RequestT) -> ReplyT:
        """Call an operation of the tracker, waiting for a connection if there is none.

        A busy tracker is asked again when it says so, for a while. Raises MinitorrentError: the
        tracker's refusal, tracker_unreachable once every tracker has failed, timeout.
        """
        deadline = time.monotonic() + self._retry_policy.busy_patience
        while True:
            try:
                return self._call(operation, request)
            except MinitorrentError as error:
                pause = busy_pause(error)
                if pause is None or time.monotonic() + pause > deadline or self._closing:
                    raise
            with self._changed:
                self._changed.wait_for(lambda: self._closing, pause)

    def _call(self, operation: Operation[RequestT, ReplyT], request: RequestT) -> ReplyT:
        connection = self._wait_connected()
        try:
            return connection.request(operation, request)
        except ConnectionLostError:
            # When a login has ended, the tracker reports that instead of handling the request.
            if not (connection.login_ended or operation.name.startswith(_REPEATABLE)):
                raise
            return self._wait_connected(lost=connection).request(operation, request)

    def login(self, user: str, password: str) -> LoginReply:
        """Log in; from now on the session survives lost connections."""
        asked = {
            "user": user,
            "password": password,
            "peer_id": self._peer_id,
            "port": self._port,
            "local": local_hosts(self._source_host),
        }
        reply = self.call(LOGIN, LOGIN.read_request(asked))
        with self._changed:
            self._token, self._token_for = reply.token, self._trackers
        return reply

    def logout(self, limit: float = _LOGOUT_LIMIT) -> None:
        """End the session here, and at the tracker if it answers within `limit` seconds."""
        with self._changed:
            self._token = None
            connection = self._connection
        if connection is not None:
            try:
                connection.request(LOGOUT, Logout(), limit=limit)
            except MinitorrentError as error:
                log.info("logout did not reach the tracker", error=error.message)

    def _wait_connected(self, lost: TrackerConnection | None = None) -> TrackerConnection:
        """Wait for a connection other than the `lost` one; see `call`."""
        with self._changed:
            enough = self._failed_rounds + (2 if self._has_served else 1)
            self._changed.notify_all()  # as in `retry`
            while (connection := self._connection) is None or connection is lost:
                if self._failed_rounds >= enough or self._closing:
                    raise self._unreachable()
                self._changed.wait()
            return connection

    def _unreachable(self) -> MinitorrentError:
        """Return why no tracker serves us: an untrusted certificate, or that one is busy."""
        errors = list(self._failed.values())
        for error in errors:
            if isinstance(error, UntrustedTrackerError):
                return UntrustedTrackerError(error.message)
        for error in errors:
            if isinstance(error, MinitorrentError) and error.code is ErrorCode.BUSY:
                return MinitorrentError(error.code, error.message, error.retry_after)
        return MinitorrentError(
            ErrorCode.TRACKER_UNREACHABLE,
            "No tracker can be reached. Check that one runs and that its address in the tracker "
            "information file is right.",
        )

    # --- the connecting thread --------------------------------------------------------------
    def _run(self) -> None:
        pause = self._retry_policy.first_pause
        while not self._closing:
            self._has_served = False
            if self._try_all():
                pause = self._retry_policy.first_pause
                continue
            with self._changed:
                if self._left is not None:
                    self._events.lost(self._left)
                    self._left = None
                self._failed_rounds += 1
                self._has_served = False
                self._all_failed = True
                self._changed.notify_all()
                self._events.unreachable(self._unreachable())  # who retries at once is heard
                if not self._closing:
                    self._changed.wait(max(spread(pause), self._asked_pause))
            pause = min(2 * pause, self._retry_policy.longest_pause)

    def _try_all(self) -> bool:
        """Try each tracker once; True when one served us (and the connection was lost since)."""
        self._asked_pause = 0.0
        for tracker in list(self._next_trackers):
            if self._closing:
                return False
            connection = self._try(tracker)
            if connection is not None and self._serve(connection):
                # The tracker whose connection was lost is tried last.
                self._next_trackers.remove(tracker)
                self._next_trackers.append(tracker)
                return True
        return False

    def _try(self, tracker: Endpoint) -> TrackerConnection | None:
        try:
            connection = TrackerConnection(
                tracker,
                OwnAddress(self._source_host, self._port),
                self._events.notice,
                self._on_closed,
                self._check_certificate,
                self._timing,
                self._events.rendezvous,
            )
        except (OSError, MinitorrentError) as error:
            log.info("tracker can't be reached", tracker=str(tracker), error=str(error))
            self._failed[tracker] = error
            return None
        self._failed.pop(tracker, None)
        return connection

    def _serve(self, connection: TrackerConnection) -> bool:
        """Serve calls on this connection until it is lost; False when it didn't last."""
        began = time.monotonic()
        try:
            resumed = self._resume(connection)
        except MinitorrentError as error:
            log.info("the session can't be resumed now", error=error.message)
            self._asked_pause = max(self._asked_pause, busy_pause(error) or 0.0)
            self._failed[connection.tracker] = error
            connection.close()
            return False
        with self._changed:
            usable = connection.is_open and not self._closing
            if usable:
                self._connection = connection
                self._has_served = True
                self._all_failed = False
                self.was_reached = True
                self._changed.notify_all()
        if not usable:
            connection.close()
            return False
        self._left = None
        self._events.connected(connection.tracker, resumed)
        with self._changed:
            while self._connection is connection:
                self._changed.wait()
        if connection.is_handed_over:
            self._left = connection.tracker
        elif not self._closing and not connection.login_ended:
            self._events.lost(connection.tracker)
        return time.monotonic() - began >= self._retry_policy.steady

    def _resume(self, connection: TrackerConnection) -> LoginReply | None:
        token = self._token
        if token is None or connection.tracker not in self._token_for:
            return None
        request = ResumeSession(
            token=token,
            peer_id=self._peer_id,
            port=self._port,
            local=local_hosts(self._source_host),
        )
        try:
            reply = connection.request(RESUME_SESSION, request)
        except MinitorrentError as error:
            is_over = error.code is ErrorCode.NOT_LOGGED_IN
            if not (is_over or isinstance(error, AnswerTooLongError)):
                raise
            self._token = None
            self._events.session_ended(error.message)
            return None
        if self._token is None:  # logged out meanwhile
            connection.request(LOGOUT, Logout(), limit=_LOGOUT_LIMIT)
            return None
        return reply

    def _on_closed(self, connection: TrackerConnection) -> None:
        with self._changed:
            if self._connection is connection:
                self._connection = None
                self._changed.notify_all()
