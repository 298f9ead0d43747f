"""The session frontend: TCP with TLS; a connection has a thread while there is work to do."""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice

import structlog

from common.api import lines
from common.api.events import EventNotice
from common.errors import ErrorCode, MinitorrentError
from common.party import party_of
from common.tls import TlsEngine
from common.types import Endpoint, plain_address
from common.wire.relay import FIRST_BYTE as RELAYED
from tracker.config import SESSIONS_PER_ADDRESS
from tracker.domain.admission import ConnectionLimits
from tracker.domain.throttle import Budget, Rate
from tracker.frontend.bulk import BulkLimiter
from tracker.frontend.channel import Channel
from tracker.frontend.connection import Connection, TimeLimits
from tracker.frontend.descriptors import MAX_TURNED_AWAY
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.failures import report
from tracker.frontend.recent_notices import RecentNotices
from tracker.frontend.relay import Relay
from tracker.frontend.roster import Roster
from tracker.frontend.waker import Poller, Waker
from tracker.frontend.workers import Workers
from tracker.services.caller import Caller, Identity
from tracker.services.catalogue import Services
from tracker.store.database.errors import DatabaseError

_log = structlog.get_logger()

_ACCEPT_PAUSE = 0.1  # seconds, when out of descriptors
_ENDS_AT_ONCE = 500
_MOST_UNRECORDED = 100_000  # ends of connections, while the database fails
_TURN_AWAY_LINGER = 0.1
_PAUSE = 0.05
_HAND_OVER_SECONDS = 0.003  # for each client; the next tracker has as long for it
_LOOK_SECONDS = 0.05  # between looks whether all connections have ended
_PAUSES = Rate(10, 4 * _PAUSE)  # a burst of half a second, then a quarter of the time
_TURN_AWAY_SECONDS = 3.0  # TLS time limit of a refused connection


@dataclass(frozen=True)
class SessionLimits:
    """Limits on connections, in total and per address (per /64 network for IPv6).

    When all slots are taken, connections without a login can be displaced by newcomers, after
    `grace` seconds of silence or if their address holds more slots than the newcomer's.
    """

    total: int = 1000
    per_address: int = SESSIONS_PER_ADDRESS
    grace: float = 10.0
    times: TimeLimits = field(default_factory=TimeLimits)


class SessionServer:
    """Accepts connections on a listening socket, which it owns, and serves them.

    A connection has a thread while it is answered, and none while it is silent. Those meant for the
    `relay` are handed over to it.
    """

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext,
        dispatcher: Dispatcher,
        services: Services,
        server_name: str,
        limits: SessionLimits,
        workers: Workers,
        relay: Relay | None = None,
    ) -> None:
        self._relay = relay
        self._listener = listener
        self._context = context
        self._dispatcher = dispatcher
        self._logins = services.logins
        self._request_throttle = services.request_throttle
        self._clock = services.lifecycle.clock
        self._limits = limits
        self._server_name = server_name
        self._roster = Roster(ConnectionLimits(limits.total, limits.per_address, limits.grace))
        self._sending = threading.Lock()  # guards the next, and the order of notices and logins
        self._recent = RecentNotices()
        self._bulk = BulkLimiter()
        self._unrecorded: deque[Caller] = deque(maxlen=_MOST_UNRECORDED)
        self._refusal_budget = Budget(_PAUSES, capacity=1)
        self._stopping = threading.Event()
        self._is_closed = False  # to newcomers
        self._is_short = False  # whether descriptors have run out
        self._workers = workers
        self._poller = Poller(workers.run)
        self._waker = Waker(listener, self._poller)
        self._acceptor = threading.Thread(target=self._accept_all, name="acceptor", daemon=True)

    def start(self) -> None:
        """Start accepting connections."""
        self._listener.setblocking(False)
        self._poller.start()
        self._acceptor.start()

    def count(self) -> int:
        """Return the number of open connections."""
        return len(self._roster)

    def count_sessions(self) -> int:
        """Return the number of connections with a login."""
        return self._roster.sessions

    def push(self, notice: EventNotice, users: frozenset[str]) -> None:
        """Send a notice to those of these users who are connected here."""
        if not users:
            return
        line = lines.encode_notice(notice)
        with self._sending:
            self._recent.add(notice.id, users, line)
            for connection in self._roster.of_users(users):
                if notice.id > connection.caller.since:
                    connection.channel.post(line)

    def tell(self, connection_id: str, line: bytes) -> None:
        """Send a line to one client, if it is connected here."""
        connection = self._roster.by_id(connection_id)
        if connection is not None:
            connection.channel.post(line)

    def identities(self) -> list[Identity]:
        """Return who is logged in, on all connections."""
        found = (connection.caller.identity for connection in self._roster.everyone())
        return [identity for identity in found if identity is not None]

    def drop_ended(self, *users: str) -> None:
        """Close these users' connections whose logins have ended, with an error."""
        theirs = {one.caller.connection_id: one for one in self._roster.of_users(set(users))}
        if not theirs:
            return
        farewell = lines.encode_error(None, _has_ended())
        for caller in self._logins.over_of([one.caller for one in theirs.values()]):
            theirs[caller.connection_id].channel.interrupt(farewell)

    def record_ends(self) -> None:
        """Record the ends of connections that the database refused. Raises DatabaseError."""
        while ended := list(islice(self._unrecorded, _ENDS_AT_ONCE)):
            self._logins.disconnect(*ended, urgent=True)
            for _ in ended:
                self._unrecorded.popleft()

    def drop_all(self) -> None:
        """Close every connection; clients reconnect by themselves."""
        for connection in self._roster.everyone():
            connection.channel.interrupt()

    def hand_over(self, wait: Callable[[float], bool]) -> bool:
        """Refuse newcomers, and close the others' connections, not all at once.

        What a client has asked is answered before. Calls `wait` with seconds in between, and goes
        on until no connection is left, or until it returns False; returns whether none is left.
        """
        self._is_closed = True
        self._waker.wake()
        self._acceptor.join()  # it may be adding a connection
        farewell = lines.encode_error(None, _is_ending())
        for connection in self._roster.everyone():
            connection.channel.interrupt(farewell)
            if not wait(_HAND_OVER_SECONDS):
                return False
        while self._roster.wait_until_empty(0.0):
            if not wait(_LOOK_SECONDS):
                return False
        return True

    def refuse_new(self) -> None:
        """Begin the shutdown: refuse newcomers and close all connections."""
        self._stopping.set()
        self._waker.wake()
        self.drop_all()

    def stop(self, timeout: float) -> None:
        """Stop; wait at most `timeout` seconds for the threads."""
        deadline = time.monotonic() + timeout
        self.refuse_new()
        self._acceptor.join(timeout)
        self.drop_all()  # including one accepted just now
        left = self._roster.wait_until_empty(max(0.0, deadline - time.monotonic()))
        self._poller.stop(max(0.1, deadline - time.monotonic()))
        if left:
            _log.warning("connections did not end in time", count=left)

    def _accept_all(self) -> None:
        try:
            while not self._stopping.is_set() and not self._is_closed:
                if self._waker.wait(None):
                    self._accept_one()
        finally:
            self._listener.close()

    def _accept_one(self) -> None:
        try:
            sock, address = self._listener.accept()
        except OSError as error:
            if not isinstance(error, BlockingIOError | ConnectionError):
                if not self._is_short:
                    _log.warning("can't accept connections", reason=str(error))
                self._is_short = True
                self._stopping.wait(_ACCEPT_PAUSE)
            return
        self._is_short = False
        try:
            self._begin(sock, Endpoint(plain_address(address[0]), address[1]))
        except OSError:  # already disconnected
            sock.close()

    def _begin(self, sock: socket.socket, client: Endpoint) -> None:
        reached_at = plain_address(sock.getsockname()[0])
        party = party_of(client.host)
        is_admitted = self._admit(party)
        if not is_admitted and not self._wait_to_refuse(party):
            sock.close()
            return
        caller = Caller(secrets.token_hex(16), client.host, reached_at, port=client.port)
        channel = Channel(sock, TlsEngine(self._context, server_side=True), self._poller)
        connection = Connection(
            channel,
            caller,
            self._dispatcher,
            self._limits.times,
            self._bulk,
            self._request_throttle,
            self._note_login,
            is_turned_away=not is_admitted,
        )
        self._roster.add(connection)
        self._workers.run(partial(self._begin_serving, connection))

    def _note_login(self, connection: Connection) -> None:
        """Know who is logged in, and send the notices that were pushed since that was committed."""
        with self._sending:
            self._roster.note_login(connection)
            if connection.user is None:
                return
            missed = self._recent.of(connection.user, connection.caller.since)
            for line in missed or ():
                connection.channel.post(line)
        if missed is None:
            connection.channel.interrupt()  # the client connects again

    def _admit(self, party: str) -> bool:
        """Return whether a newcomer is admitted; may displace another connection."""
        decided = self._roster.admit(party, time.monotonic())
        if decided.displaced is not None:
            decided.displaced.channel.interrupt(lines.encode_error(None, _too_many()))
        return decided.is_admitted

    def _wait_to_refuse(self, party: str) -> bool:
        """Wait briefly in the acceptor until a refusal can be sent, within a time budget."""
        while not self._can_refuse(party):
            now = time.monotonic()
            if self._refusal_budget.wait("", now) > 0:
                return False
            self._refusal_budget.take("", now)
            self._stopping.wait(_PAUSE)
        return True

    def _can_refuse(self, party: str) -> bool:
        """Return whether another refusal can be sent; one party gets at most half of them."""
        total, own = self._roster.count_turned_away(party)
        return total < MAX_TURNED_AWAY and own < MAX_TURNED_AWAY // 2

    def _begin_serving(self, connection: Connection) -> None:
        is_open = False
        try:
            if connection.is_turned_away:
                connection.turn_away(_too_many(), _TURN_AWAY_SECONDS)
                connection.channel.close(_TURN_AWAY_LINGER)
            elif not self._is_relayed(connection):
                is_open = connection.begin(_greeting(self._server_name, self._clock()))
        except Exception as error:  # logged here, or nothing would show why the connection ended
            report("a connection failed", error)
        finally:
            if not is_open:
                self._end(connection)
        if is_open:
            self._serve(connection, time.monotonic())

    def _is_relayed(self, connection: Connection) -> bool:
        """Let the relay, if there is one, have a connection that is meant for it."""
        channel, seconds = connection.channel, self._limits.times.handshake
        if self._relay is None or not channel.begins_with(RELAYED, seconds):
            return False
        self._relay.take(channel.hand_over(), connection.party)
        return True

    def _wake(self, connection: Connection) -> None:
        self._workers.run(partial(self._serve, connection, time.monotonic()))

    def _serve(self, connection: Connection, woken_at: float) -> None:
        """Answer what the client has sent, and have this called again when it sends more."""
        again = partial(self._wake, connection)
        is_waiting = False
        try:
            waited = time.monotonic() - woken_at
            while not is_waiting and connection.proceed(waited):
                waited = 0.0
                is_waiting = connection.channel.call_back(again, connection.deadline)
        except Exception as error:
            report("a connection failed", error)
        finally:
            if not is_waiting:
                self._end(connection)

    def _end(self, connection: Connection) -> None:
        try:
            # On shutdown, all connections leave the database in one transaction.
            if not self._stopping.is_set():
                self._logins.disconnect(connection.caller)
        except Exception as error:  # free the descriptor whatever the database does
            event = "a connection's end was not recorded"
            report(event, error, what=event)
            if isinstance(error, DatabaseError):
                self._unrecorded.append(connection.caller)  # for record_ends
        finally:
            connection.end()
            self._roster.remove(connection)


def _greeting(server_name: str, now: float) -> bytes:
    """Return a connection's first line, with the time that certificates are issued by."""
    greeting = lines.Greeting(
        version=lines.PROTOCOL_VERSION, server=server_name, time=datetime.fromtimestamp(now, UTC)
    )
    return lines.encode_line(lines.GreetingLine(minitorrent=greeting))


def _is_ending() -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.TRACKER_UNREACHABLE, "This tracker is about to end; use the next one."
    )


def _has_ended() -> MinitorrentError:
    return MinitorrentError(ErrorCode.NOT_LOGGED_IN, "This session has ended; log in again.")


def _too_many() -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.TRACKER_UNREACHABLE, "This tracker has too many connections; try again later."
    )
