"""Connections that the tracker arranges, with peers that can't be dialled otherwise.

The client that asks and the one that is told dial each other at the same time (see `punching`);
either may also get through to the other's listener, or a tracker's relay may join them (see
`relaying`). In any case the one that asked goes on like a dialer, the other one like a listener.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog

from client.core.admission.obstacle import Obstacle
from client.core.admission.route import Route, met
from client.net.peers import relaying
from client.net.peers.dialer import Dial
from client.net.peers.punching import RETRY, punch
from client.net.transports.own_port import OwnAddress
from client.net.transports.transport import Deadline
from common.api.rendezvous import Rendezvous, RendezvousNotice, RendezvousReply
from common.errors import MinitorrentError
from common.types import Endpoint, PeerId
from common.wire.messages import WireError
from common.wire.rendezvous import HELLO_LENGTH, Hello, decode_hello

log = structlog.get_logger(__name__)

MAX_ASKED: Final = 16
MAX_TOLD: Final = 16
"""Rendezvous in progress: those that we asked for, and those that others did."""

PUNCH_SECONDS: Final = 2.5
PUNCH_BEFORE_RELAY: Final = 1.0
"""How long we dial the other side, which is told at most some tenths of a second later: less if a
relay can join us.
"""

NEWS_SECONDS: Final = 1.0
"""How much later than the other side we may hear of a rendezvous from the tracker."""

_HELLO_SECONDS: Final = 2.0
_MOST_CONNECTIONS: Final = 4
"""Connections with one token: both sides may get through, at several addresses."""

Ask = Callable[[Rendezvous], RendezvousReply]
"""Asks the tracker; raises MinitorrentError."""


class Welcome(Protocol):
    """Goes on with connections; the dialer and the listener do."""

    def __call__(self, sock: socket.socket, route: Route) -> None:
        """Take over a connection of a peer that will begin the handshake."""


class Greet(Protocol):
    """As Welcome, but we begin the handshake."""

    def __call__(self, sock: socket.socket, dial: Dial, route: Route) -> None:
        """Go on as after dialling; returns when the connection is handed over, or has failed."""


class _Meeting:
    """One rendezvous; `dial` is ours if we asked for it."""

    def __init__(self, token: str, dial: Dial | None) -> None:
        self.token = token
        self.dial = dial
        self.over = threading.Event()
        self.connections = 0


class RendezvousPoint:
    """The rendezvous in progress of one client, each with a thread of its own for some seconds.

    `own` is where this client accepts peers; `tracker` returns the one that it is connected to.
    """

    def __init__(
        self,
        own: OwnAddress,
        ask: Ask,
        tracker: Callable[[], Endpoint | None],
        greet: Greet,
        welcome: Welcome,
    ) -> None:
        self._own = own
        self._ask = ask
        self._tracker = tracker
        self._greet = greet
        self._welcome = welcome
        self._changed = threading.Condition()  # guards the rest, and what is in each meeting
        self._meetings: dict[str, _Meeting] = {}
        self._asked, self._told = _Threads(MAX_ASKED), _Threads(MAX_TOLD)
        self._closing = False

    def close(self) -> None:
        """Take up no more; those in progress end by themselves, soon."""
        self._closing = True

    # --- asking -----------------------------------------------------------------------------
    def ask(
        self,
        dial: Dial,
        user: str,
        peer_id: PeerId,
        *,
        relay: bool = True,
        unanswered: bool = True,
    ) -> None:
        """Have a peer dial us, and dial it, or let a `relay` join us.

        The tracker is told whether the peer has left us `unanswered`. Ends with a callback of
        `dial`: its `failed` gets NO_WAY, or NO_RELAY, when that led to nothing, None if it can't be
        tried now.
        """
        request = Rendezvous(
            info_hash=dial.info_hash.hex(),
            user=user,
            peer_id=peer_id.hex(),
            relay=relay,
            unanswered=unanswered,
        )
        if self._closing or not self._asked.start(lambda: self._arrange(dial, request)):
            dial.failed(dial.endpoint, None)

    def _arrange(self, dial: Dial, request: Rendezvous) -> None:
        try:
            reply = self._ask(request)
        except MinitorrentError as error:
            log.info("no rendezvous", peer=str(dial.endpoint), error=error.message)
            reply = RendezvousReply(token=None)
        if reply.token is None:
            dial.failed(dial.endpoint, None)
            return
        meeting = _Meeting(reply.token, dial)
        self._meet(meeting, reply)
        if self._claim(meeting):
            obstacle = Obstacle.NO_RELAY if reply.ticket else Obstacle.NO_WAY
            dial.failed(dial.endpoint, obstacle)

    # --- being asked ------------------------------------------------------------------------
    def told(self, notice: RendezvousNotice) -> None:
        """Dial another member's client, because the tracker says so; returns at once."""
        meeting = _Meeting(notice.token, None)
        if self._closing or not self._told.start(lambda: self._meet(meeting, notice)):
            log.info("too many rendezvous")

    # --- both -------------------------------------------------------------------------------
    def _meet(self, meeting: _Meeting, arranged: RendezvousReply | RendezvousNotice) -> None:
        """Dial the other side, let its connections be recognised meanwhile, or use the relay."""
        with self._changed:
            self._meetings[meeting.token] = meeting
            self._changed.notify_all()
        try:
            endpoints = [Endpoint(one.host, one.port) for one in arranged.endpoints]
            is_met = self._punch(meeting, endpoints, has_relay=arranged.ticket is not None)
            if not is_met and arranged.ticket is not None and self._is_wanted(meeting):
                relay = arranged.relay if isinstance(arranged, RendezvousNotice) else None
                where = self._tracker() if relay is None else Endpoint(relay.host, relay.port)
                self._use_relay(meeting, arranged.ticket, where)
        finally:
            with self._changed:
                self._meetings.pop(meeting.token, None)

    def _punch(self, meeting: _Meeting, endpoints: Sequence[Endpoint], *, has_relay: bool) -> bool:
        """Dial the other side; return whether we got through."""
        until = time.monotonic() + (PUNCH_BEFORE_RELAY if has_relay else PUNCH_SECONDS)
        while sock := punch(self._own, endpoints, until, lambda: self._is_wanted(meeting)):
            if self._shake(meeting, sock):
                return True
            meeting.over.wait(RETRY)
        return False

    def _use_relay(self, meeting: _Meeting, ticket: str, where: Endpoint | None) -> None:
        """Meet at the relay of a tracker, which joins us with the other side."""
        if where is None:
            return
        try:
            sock = relaying.join(where, self._own.host, ticket)
        except (OSError, WireError) as error:
            log.info("no relay", relay=str(where), error=str(error))
            return
        self._shake(meeting, sock, is_relayed=True)

    def _is_wanted(self, meeting: _Meeting) -> bool:
        return not (meeting.over.is_set() or self._closing)

    def _shake(self, meeting: _Meeting, sock: socket.socket, *, is_relayed: bool = False) -> bool:
        """Go on with a connection that we have dialled; return False if it is somebody else's."""
        ours = Hello(meeting.token, asked=meeting.dial is not None, dialled=True)
        try:
            deadline = Deadline(_HELLO_SECONDS)
            deadline.apply(sock)
            sock.sendall(ours.encode())
            theirs = receive_hello(sock, deadline)
            if theirs.token != ours.token or theirs.asked == ours.asked:
                raise WireError("another rendezvous")
        except (OSError, WireError) as error:
            log.info("a rendezvous failed", error=str(error))
            sock.close()
            return False
        asker, target = (ours, theirs) if ours.asked else (theirs, ours)
        route = met(asker_dialled=asker.dialled, target_dialled=target.dialled)
        self._go_on(meeting, sock, Route.RELAYED if is_relayed else route)
        return True

    def arrived(self, sock: socket.socket, deadline: Deadline) -> Route | None:
        """Take a connection that begins like a rendezvous, from the listener.

        Returns its route if the peer begins the handshake; None if it was taken over, or closed.
        Raises WireError or OSError.
        """
        theirs = receive_hello(sock, deadline)
        with self._changed:
            # The other side may have heard of it first.
            patience = min(deadline.left, NEWS_SECONDS)
            self._changed.wait_for(lambda: theirs.token in self._meetings, patience)
            meeting = self._meetings.get(theirs.token)
            if meeting is None or theirs.asked == (meeting.dial is not None):
                raise WireError("an unknown rendezvous")
            meeting.connections += 1
            if meeting.connections > _MOST_CONNECTIONS:
                raise WireError("too many connections of one rendezvous")
        ours = Hello(theirs.token, asked=meeting.dial is not None, dialled=False)
        sock.sendall(ours.encode())
        if meeting.dial is None:
            meeting.over.set()  # we need no longer dial
            return Route.DIRECT
        self._go_on(meeting, sock, Route.CALLED)
        return None

    def _go_on(self, meeting: _Meeting, sock: socket.socket, route: Route) -> None:
        if meeting.dial is None:
            self._welcome(sock, route)
        elif self._claim(meeting):
            self._greet(sock, meeting.dial, route)
        else:
            sock.close()

    def _claim(self, meeting: _Meeting) -> bool:
        """Return whether this is the first connection of a rendezvous, or its end without any."""
        with self._changed:
            is_first = not meeting.over.is_set()
            meeting.over.set()
            return is_first


def receive_hello(sock: socket.socket, deadline: Deadline) -> Hello:
    """Read the other side's Hello; raises WireError or OSError."""
    data = b""
    while len(data) < HELLO_LENGTH:
        deadline.apply(sock)
        more = sock.recv(HELLO_LENGTH - len(data))
        if not more:
            raise ConnectionResetError("it hung up")
        data += more
    return decode_hello(data)


class _Threads:
    """At most so many threads at a time."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)

    def start(self, act: Callable[[], None]) -> bool:
        """Run this in a thread of its own; return False if none is free."""
        if not self._free.acquire(blocking=False):
            return False
        try:
            threading.Thread(target=self._run, args=(act,), name="rendezvous", daemon=True).start()
        except RuntimeError:  # the system has none left
            self._free.release()
            return False
        return True

    def _run(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:
            log.exception("a rendezvous failed")
        finally:
            self._free.release()
