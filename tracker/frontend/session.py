"""The session frontend: threaded TCP inside TLS, one thread a connection."""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from common.api import lines
from common.api.events import EventNotice
from common.errors import ErrorCode, MinitorrentError
from common.party import party_of
from common.tls import TlsEngine
from common.types import plain_address
from tracker.config import SESSIONS_PER_ADDRESS
from tracker.domain.admission import ConnectionLimits, Slot, admit
from tracker.domain.throttle import Budget, Rate
from tracker.frontend.bulk import BulkLimiter
from tracker.frontend.channel import Channel
from tracker.frontend.connection import Connection, TimeLimits
from tracker.frontend.descriptors import MAX_TURNED_AWAY
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.failures import database_failed
from tracker.frontend.waker import Poller, Waker
from tracker.services.caller import Caller
from tracker.services.catalogue import Services
from tracker.store.unit_of_work import DatabaseError

_log = structlog.get_logger()

_STACK_BYTES = 4 * 1024 * 1024  # plenty: nothing that is taken nests deeper than a hundred levels
_ACCEPT_PAUSE = 0.1  # seconds, when no descriptor is left
_CROWD = 50  # connections of one user: who has more gives way where all places are taken
_TURN_AWAY_LINGER = 0.1
_PAUSE = 0.05
_PAUSES = Rate(10, 4 * _PAUSE)  # half a second, and a quarter of the time
_TURN_AWAY_SECONDS = 3.0  # to agree on TLS, for who is only told why


@dataclass(frozen=True)
class SessionLimits:
    """How many connections are served: in all, and per address (of IPv6, per network of 64 bits).

    Where all places are taken, who has not logged in gives way to newcomers, after `grace` seconds
    of silence or if the others of that address have more places.
    """

    total: int = 1000
    per_address: int = SESSIONS_PER_ADDRESS
    grace: float = 10.0
    times: TimeLimits = field(default_factory=TimeLimits)


class SessionServer:
    """Accepts connections on a listening socket, which it owns, and serves each in a thread."""

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext,
        dispatcher: Dispatcher,
        services: Services,
        server_name: str,
        limits: SessionLimits,
    ) -> None:
        self._listener = listener
        self._context = context
        self._dispatcher = dispatcher
        self._accounts = services.accounts
        self._pace = services.pace
        self._limits = limits
        self._server_name = server_name
        self._connection_limits = ConnectionLimits(limits.total, limits.per_address, limits.grace)
        self._bulk = BulkLimiter()
        self._lock = threading.Lock()  # guards the three below
        self._connections: dict[Connection, threading.Thread] = {}
        self._turned_away: set[Connection] = set()
        self._displaced: set[Connection] = set()
        self._refusal_budget = Budget(_PAUSES, capacity=1)
        self._stopping = threading.Event()
        self._is_short = False  # of descriptors
        self._poller = Poller()
        self._waker = Waker(listener, self._poller)
        self._acceptor = threading.Thread(target=self._accept_all, name="acceptor", daemon=True)

    def start(self) -> None:
        """Accept connections from now on."""
        self._listener.setblocking(False)
        self._poller.start()
        self._acceptor.start()

    def count(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._connections)

    def count_sessions(self) -> int:
        """On how many of them somebody is logged in."""
        return sum(connection.caller.identity is not None for connection in self._snapshot())

    def push(self, notice: EventNotice, users: frozenset[str]) -> None:
        """Send a notice to those of the users who are connected here."""
        line = lines.encode_notice(notice)
        for connection in self._snapshot():
            identity = connection.caller.identity
            if identity is not None and identity.user in users:
                connection.channel.post(line)

    def drop_ended(self, user: str) -> None:
        """Close the connections of this user whose logins have ended, saying why."""
        farewell = lines.encode_error(None, _has_ended())
        for connection in self._snapshot():
            identity = connection.caller.identity
            is_theirs = identity is not None and identity.user == user
            if is_theirs and self._accounts.is_over(connection.caller):
                connection.channel.interrupt(farewell)

    def drop_all(self) -> None:
        """Close every connection; clients come back by themselves."""
        for connection in self._snapshot():
            connection.channel.interrupt()

    def refuse_new(self) -> None:
        """Begin the end: nobody gets in, everybody is let go of."""
        self._stopping.set()
        self._waker.wake()
        self.drop_all()

    def stop(self, timeout: float) -> None:
        """End; waits at most `timeout` seconds for the threads."""
        deadline = time.monotonic() + timeout
        self.refuse_new()
        self._acceptor.join(timeout)
        self.drop_all()  # also the one that was accepted last
        with self._lock:
            threads = list(self._connections.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._poller.stop(max(0.1, deadline - time.monotonic()))
        if self.count():
            _log.warning("connections did not end in time", count=self.count())

    def _snapshot(self) -> list[Connection]:
        with self._lock:
            return list(self._connections)

    def _accept_all(self) -> None:
        try:
            while not self._stopping.is_set():
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
            self._begin(sock, plain_address(address[0]))
        except (OSError, RuntimeError) as error:  # it has gone already, or no thread is left
            _log.warning("can't serve a connection", reason=str(error))
            sock.close()

    def _begin(self, sock: socket.socket, address: str) -> None:
        reached_at = plain_address(sock.getsockname()[0])
        is_admitted = self._admit(party_of(address))
        if not is_admitted and not self._wait_to_refuse(party_of(address)):
            sock.close()
            return
        caller = Caller(secrets.token_hex(16), address, reached_at)
        channel = Channel(sock, TlsEngine(self._context, server_side=True), self._poller)
        times = self._limits.times
        connection = Connection(channel, caller, self._dispatcher, times, self._bulk, self._pace)
        thread = threading.Thread(
            target=self._serve, args=(connection,), name=f"session-{address}", daemon=True
        )
        with self._lock:
            self._connections[connection] = thread
            if not is_admitted:
                self._turned_away.add(connection)
        try:
            _start_small(thread)
        except RuntimeError:
            self._forget(connection)
            channel.interrupt()  # so that closing doesn't linger: this is the acceptor's thread
            channel.close()
            raise

    def _admit(self, party: str) -> bool:
        """Whether one more gets in; somebody may have to go for it."""
        with self._lock:
            served = self._connections.keys() - self._turned_away - self._displaced
            users = Counter(_user(one) for one in served)
            taken = [Slot(one, one.party, one.last_line, _gives_way(one, users)) for one in served]
            decided = admit(self._connection_limits, party, taken, time.monotonic())
            if decided.displaced is not None:
                self._displaced.add(decided.displaced)
        if decided.displaced is not None:
            decided.displaced.channel.interrupt(lines.encode_error(None, _too_many()))
        return decided.is_admitted

    def _wait_to_refuse(self, party: str) -> bool:
        """Wait a little, in the acceptor, until one more can be told why; not all the time."""
        while not self._can_refuse(party):
            now = time.monotonic()
            if self._refusal_budget.wait("", now) > 0:
                return False
            self._refusal_budget.take("", now)
            self._stopping.wait(_PAUSE)
        return True

    def _can_refuse(self, party: str) -> bool:
        """Whether one more can be told why it isn't served; half may be of one party."""
        with self._lock:
            own = sum(one.party == party for one in self._turned_away)
            return len(self._turned_away) < MAX_TURNED_AWAY and own < MAX_TURNED_AWAY // 2

    def _serve(self, connection: Connection) -> None:
        try:
            if connection in self._turned_away:
                connection.turn_away(_too_many(), _TURN_AWAY_SECONDS)
                connection.channel.close(_TURN_AWAY_LINGER)
            else:
                connection.serve(_greeting(self._server_name))
        except Exception:  # shown here, or nobody would see why the thread ended
            _log.error("a connection failed", exc_info=True)
        finally:
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        try:
            # At the tracker's own end, all its connections leave the database in one stroke.
            if not self._stopping.is_set():
                self._accounts.disconnect(connection.caller)
        except DatabaseError as error:
            database_failed(error, what="a connection's end is not recorded")
        except Exception:  # the descriptor must be freed whatever the database says
            _log.error("a connection's end was not recorded", exc_info=True)
        finally:
            connection.channel.close()
            self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            del self._connections[connection]
            self._displaced.discard(connection)
            self._turned_away.discard(connection)


def _user(connection: Connection) -> str | None:
    identity = connection.caller.identity
    return None if identity is None else identity.user


def _gives_way(connection: Connection, counts: Counter[str | None]) -> bool:
    """Whether it may be displaced: nobody has logged in on it, or somebody on very many."""
    user = _user(connection)
    return user is None or counts[user] > _CROWD


def _start_small(thread: threading.Thread) -> None:
    usual = threading.stack_size(_STACK_BYTES)
    try:
        thread.start()
    finally:
        threading.stack_size(usual)


def _greeting(server_name: str) -> bytes:
    """The first line of a connection; it has the time, so it is made anew for each."""
    greeting = lines.Greeting(
        version=lines.PROTOCOL_VERSION, server=server_name, time=datetime.now(UTC)
    )
    return lines.encode_line(lines.GreetingLine(minitorrent=greeting))


def _has_ended() -> MinitorrentError:
    return MinitorrentError(ErrorCode.NOT_LOGGED_IN, "This session has ended; log in again.")


def _too_many() -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.TRACKER_UNREACHABLE, "This tracker has too many connections; try again later."
    )
