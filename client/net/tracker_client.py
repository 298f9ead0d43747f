"""The line to the trackers: one connection at a time, the next tracker when one dies.

States of the link, left to right at each attempt, back to the left when the connection is lost:

    connecting  ->  (resume the session with its token)  ->  connected
        |
        +-- every tracker tried in vain -->  unreachable  -- after a pause --> connecting
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from client.net.tracker_connection import (
    AnswerTooLongError,
    ConnectionLostError,
    TrackerConnection,
    Trust,
    UntrustedTrackerError,
)
from common.api.accounts import LOGIN, LOGOUT, RESUME_SESSION, LoginReply, Logout
from common.api.accounts import ResumeSession as Resume
from common.api.events import EventNotice
from common.api.operation import Operation, ReplyT, RequestT
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, PeerId

log = structlog.get_logger(__name__)

LinkState = Literal["connected", "connecting", "unreachable"]

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
"""Seconds between rounds over all trackers while none answers, doubling."""

_STEADY: Final = 1.0
"""Seconds that a connection has to hold for its tracker to count as one that answers: one that
drops everybody at once must neither keep the others from being tried nor be dialled without end."""

_REPEATABLE: Final = ("list_", "get_", "find_", "announce", "identify_", "ping", "login")
"""Operations that may be sent again when the connection was lost before their reply."""


@dataclass(frozen=True, slots=True)
class LinkEvents:
    """Who hears of the link, called by its threads; must answer at once and call no operation.

    `connected`: a connection is there; with the session's state when it was resumed.
    `lost`: the connection is gone, and not because the login on it has ended. `session_ended`: the
    token is not taken any more.
    """

    connected: Callable[[Endpoint, LoginReply | None], None]
    lost: Callable[[Endpoint], None]
    session_ended: Callable[[str], None]
    notice: Callable[[EventNotice], None]


class TrackerClient:
    """Keeps a connection to one of the trackers, and the login on it.

    `port` is where this client accepts peers; `trust` judges certificates, in the link's thread.
    Connecting starts with `start`.
    """

    def __init__(
        self,
        trackers: Sequence[Endpoint],
        source_host: str | None,
        peer_id: PeerId,
        port: int,
        events: LinkEvents,
        trust: Trust,
    ) -> None:
        self._given = tuple(trackers)
        self._trackers = list(trackers)
        self._source_host = source_host
        self._peer_id = peer_id.hex()
        self._port = port
        self._events = events
        self._known_trackers = trust
        self._changed = threading.Condition()
        self._connection: TrackerConnection | None = None
        self._token: str | None = None
        self._failed_rounds = 0  # ever; calls wait for the next one
        self._all_failed = False
        self._closing = False
        self._failed: dict[Endpoint, Exception] = {}
        self.was_reached = False
        self._thread = threading.Thread(target=self._run, name="tracker link", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def close(self) -> None:
        """End the connection and connect no more."""
        with self._changed:
            self._closing = True
            connection = self._connection
            self._changed.notify_all()
        if connection is not None:
            connection.close()
        if self._thread.ident is not None:
            self._thread.join(2.0)

    def retry(self) -> None:
        """Cut a pause between attempts short."""
        with self._changed:
            self._changed.notify_all()

    # --- what there is ----------------------------------------------------------------------
    @property
    def state(self) -> LinkState:
        """Of the link as a whole."""
        with self._changed:
            if self._connection is not None:
                return "connected"
            return "unreachable" if self._all_failed else "connecting"

    @property
    def current(self) -> Endpoint | None:
        """The tracker that this client is connected to."""
        connection = self._connection
        return connection.tracker if connection else None

    @property
    def clock_difference(self) -> float | None:
        """Seconds that this machine's clock is ahead of the current tracker's (behind: below 0).

        None while there is no connection, or when the tracker told no time.
        """
        connection = self._connection
        return connection.clock_difference if connection else None

    def states(self) -> list[tuple[Endpoint, LinkState | Literal["offline"]]]:
        """Each tracker, in the order given: offline is one that there was no need to try."""
        current = self.current
        return [
            (tracker, "connected" if tracker == current else self._state_of(tracker))
            for tracker in self._given
        ]

    def _state_of(self, tracker: Endpoint) -> LinkState | Literal["offline"]:
        if tracker in self._failed:
            return "unreachable"
        return "offline" if self.current else "connecting"

    # --- operations -------------------------------------------------------------------------
    def call(self, operation: Operation[RequestT, ReplyT], request: RequestT) -> ReplyT:
        """Have a tracker carry out an operation, waiting for a connection if there is none.

        Raises MinitorrentError: what the tracker refuses, tracker_unreachable once every tracker
        was tried in vain, timeout.
        """
        connection = self._wait_connected()
        try:
            return connection.request(operation, request)
        except ConnectionLostError:
            # Where a login has ended, the tracker says that instead of doing what came after.
            if not (connection.login_ended or operation.name.startswith(_REPEATABLE)):
                raise
            return self._wait_connected(lost=connection).request(operation, request)

    def login(self, user: str, password: str) -> LoginReply:
        """Log in; from now on the session survives lost connections."""
        asked = {"user": user, "password": password, "peer_id": self._peer_id, "port": self._port}
        reply = self.call(LOGIN, LOGIN.read_request(asked))
        with self._changed:
            self._token = reply.token
        return reply

    def logout(self) -> None:
        """End the session here, and at the tracker if it can be reached."""
        with self._changed:
            self._token = None
            connection = self._connection
        if connection is not None:
            try:
                connection.request(LOGOUT, Logout(), limit=5.0)
            except MinitorrentError as error:
                log.info("logout did not reach the tracker", error=error.message)

    def _wait_connected(self, lost: TrackerConnection | None = None) -> TrackerConnection:
        """The connection, which is not the one that was just lost; see `call`."""
        with self._changed:
            rounds = self._failed_rounds
            self._changed.notify_all()  # cuts a pause between rounds short
            while (connection := self._connection) is None or connection is lost:
                if self._failed_rounds > rounds or self._closing:
                    raise self._unreachable()
                self._changed.wait()
            return connection

    def _unreachable(self) -> MinitorrentError:
        """Why no tracker serves us: most of all, that one isn't the one that was trusted."""
        for error in list(self._failed.values()):
            if isinstance(error, UntrustedTrackerError):
                return UntrustedTrackerError(error.message)
        return MinitorrentError(
            ErrorCode.TRACKER_UNREACHABLE,
            "No tracker can be reached; check that one runs and that its address in the tracker "
            "information file is right.",
        )

    # --- the link's own thread --------------------------------------------------------------
    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing:
            if self._try_all():
                pause = _FIRST_PAUSE
                continue
            with self._changed:
                self._failed_rounds += 1
                self._all_failed = True
                self._changed.notify_all()
                if not self._closing:
                    self._changed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _try_all(self) -> bool:
        """One round over the trackers; True when one served us (and was lost again since)."""
        for tracker in list(self._trackers):
            if self._closing:
                return False
            connection = self._try(tracker)
            if connection is not None and self._serve(connection):
                # The one that was lost is tried last.
                self._trackers.remove(tracker)
                self._trackers.append(tracker)
                return True
        return False

    def _try(self, tracker: Endpoint) -> TrackerConnection | None:
        try:
            connection = TrackerConnection(
                tracker,
                self._source_host,
                self._events.notice,
                self._on_closed,
                self._known_trackers,
            )
        except (OSError, MinitorrentError) as error:
            log.info("tracker can't be reached", tracker=str(tracker), error=str(error))
            self._failed[tracker] = error
            return None
        self._failed.pop(tracker, None)
        return connection

    def _serve(self, connection: TrackerConnection) -> bool:
        """Let calls through on this connection until it is lost; False when it didn't hold."""
        began = time.monotonic()
        try:
            resumed = self._resume(connection)
        except MinitorrentError as error:
            log.info("the session can't be resumed now", error=error.message)
            connection.close()
            return False
        with self._changed:
            usable = connection.is_open and not self._closing
            if usable:
                self._connection = connection
                self._all_failed = False
                self.was_reached = True
                self._changed.notify_all()
        if not usable:
            connection.close()
            return False
        self._events.connected(connection.tracker, resumed)
        with self._changed:
            while self._connection is connection:
                self._changed.wait()
        if not self._closing and not connection.login_ended:
            self._events.lost(connection.tracker)
        return time.monotonic() - began >= _STEADY

    def _resume(self, connection: TrackerConnection) -> LoginReply | None:
        token = self._token
        if token is None:
            return None
        request = Resume(token=token, peer_id=self._peer_id, port=self._port)
        try:
            reply = connection.request(RESUME_SESSION, request)
        except MinitorrentError as error:
            if not isinstance(error, AnswerTooLongError) and (
                error.code is not ErrorCode.NOT_LOGGED_IN
            ):
                raise
            self._token = None
            self._events.session_ended(error.message)
            return None
        return reply

    def _on_closed(self, connection: TrackerConnection) -> None:
        with self._changed:
            if self._connection is connection:
                self._connection = None
                self._changed.notify_all()
