"""The listener: accepts peers, reads their handshakes, and hands the connections over.

One port serves open and sealed groups: the first bytes show whether a peer opens with TLS, with
BitTorrent's own handshake, or with an encrypted one (MSE).
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from client.core.admission.crowding import MAX_CLOSING, Held, judge
from client.core.admission.party import network
from client.core.admission.route import Route, dialled
from client.core.admission.strikes import Strikes
from client.core.protocol.mse import FindTorrent, is_mse
from client.descriptors import free_descriptors
from client.net.peers.handshaking import TIME_LIMIT, HungUpError, receive_handshake
from client.net.peers.utp import UtpRefusal
from client.net.transports import mse_handshake
from client.net.transports.group_tls import Membership
from client.net.transports.own_port import share
from client.net.transports.tls_handshake import TLS_HANDSHAKE, FindGroupTls, welcome
from client.net.transports.transport import Deadline, PlainTransport, Transport, remote_endpoint
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from common.wire.handshake import Handshake
from common.wire.messages import WireError
from common.wire.rendezvous import OPENING as RENDEZVOUS

log = structlog.get_logger(__name__)

MAX_HANDSHAKES: Final = 64
"""Handshakes in progress at once."""

MIN_PER_ADDRESS: Final = 4
"""At least this many of them may come from one address."""

_ADDRESS_SHARE: Final = 4
"""One address may have one part in so many of all handshakes."""

_BACKLOG: Final = 128
"""Connections that the kernel accepts for us until we take them."""

_ALL: Final = "::"
"""All addresses, of IPv4 and IPv6."""

_PAUSE: Final = 0.1
"""Seconds until we try again to accept after a failure."""

Admit = Callable[[Transport, Handshake, Endpoint], bool]
"""Takes over a connection after the handshake; returns False when it isn't wanted."""

Arrived = Callable[[socket.socket, Deadline], Route | None]
"""Takes a connection that begins like a rendezvous; see RendezvousPoint.arrived."""

IsBanned = Callable[[str, Membership | None], bool]
"""Returns whether a peer at this IP address, with this proven membership, is banned."""


class _Handshaking:
    """A connection whose handshake is in progress; `number` is its order of arrival."""

    def __init__(self, sock: socket.socket, endpoint: Endpoint, number: int, route: Route) -> None:
        self.sock = sock
        self.route = route
        self.endpoint = endpoint
        self.network = network(endpoint.host)
        self.number = number
        self.is_ended = False

    def end(self) -> None:
        """Close the connection, which wakes its thread."""
        self.is_ended = True
        with suppress(OSError):  # it has ended already
            self.sock.shutdown(socket.SHUT_RDWR)


class Listener:
    """Binds an address when created, and accepts peers there once started.

    Up to `max_handshakes` run at once, a quarter of them from one address; when all places are
    taken, the address with the most loses one to each new connection. Each peer has
    `time_limit` seconds for its handshake; `strikes` decides which addresses have failed too
    often. Raises MinitorrentError(permission_denied) when the address can't be bound.
    """

    def __init__(
        self,
        address: Endpoint,
        max_handshakes: int | None = None,
        time_limit: float = TIME_LIMIT,
        strikes: Strikes | None = None,
    ) -> None:
        self._sock = _listen(address)
        self._closing = False
        self._max_handshakes = MAX_HANDSHAKES if max_handshakes is None else max_handshakes
        self._time_limit = time_limit
        self._handshaking: list[_Handshaking] = []
        self._strikes = strikes or Strikes()
        self._lock = threading.Lock()  # guards the two above
        self._numbers = itertools.count()
        self._arrivals = 0
        self.is_mapped: Callable[[], bool] = lambda: False
        """Whether a router maps our port, so that those outside reach it there."""
        self._thread = threading.Thread(target=self._accept, name="listener", daemon=True)

    def start(
        self,
        admit: Admit,
        find_group_tls: FindGroupTls,
        is_banned: IsBanned = lambda *_: False,
        arrived: Arrived | None = None,
        find_open: FindTorrent = lambda _: None,
    ) -> None:
        """Start to accept; the callbacks run in many threads and must return quickly."""
        self._admit = admit
        self._find_group_tls = find_group_tls
        self._is_banned = is_banned
        self._arrived = arrived
        self._find_open = find_open
        self._utp = UtpRefusal(self._sock)
        self._thread.start()

    def welcome(self, sock: socket.socket, route: Route) -> None:
        """Take over a connection of a peer that begins the handshake, as if it had dialled us."""
        if not self._begin(sock, route):
            sock.close()

    @property
    def arrivals(self) -> int:
        """How many connections have arrived so far, wanted or not."""
        return self._arrivals

    @property
    def port(self) -> int:
        """The TCP port listened on."""
        port: int = self._sock.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop accepting."""
        self._closing = True
        with suppress(OSError):  # not every system allows that
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes accept()
        if self._thread.ident is not None:
            self._utp.close()
            self._thread.join(5.0)
        self._sock.close()
        with self._lock:
            for handshaking in self._handshaking:
                handshaking.end()

    # --- the listener's thread --------------------------------------------------------------
    def _accept(self) -> None:
        is_logged = False
        while not self._closing:
            try:
                sock, _ = self._sock.accept()
            except OSError as error:
                if not self._closing:  # out of descriptors, or a peer that left at once
                    if not is_logged:
                        log.warning("can't accept a peer", error=str(error))
                    is_logged = True
                    free_descriptors()
                    time.sleep(_PAUSE)
                continue
            is_logged = False
            self._arrivals += 1
            if not self._begin(sock):
                sock.close()

    def _begin(self, sock: socket.socket, route: Route | None = None) -> bool:
        """Start a handshake thread for a connection; returns False when it gets none."""
        try:
            endpoint, number = remote_endpoint(sock), next(self._numbers)
            route = route or self._route_from(endpoint.host)
            handshaking = _Handshaking(sock, endpoint, number, route)
        except OSError:  # it is closed already
            return False
        with self._lock:
            if not self._has_place(handshaking):
                return False
            self._handshaking.append(handshaking)
        try:
            threading.Thread(
                target=self._welcome, args=(handshaking,), name="handshake", daemon=True
            ).start()
        except RuntimeError:  # the system can't start another thread
            log.warning("no thread for a peer", peer=str(handshaking.endpoint))
            self._forget(handshaking)
            return False
        return True

    def _route_from(self, host: str) -> Route:
        """Return the route of somebody who dials us from there."""
        return dialled(host, is_mapped=self.is_mapped())

    def _has_place(self, new: _Handshaking) -> bool:
        """Return whether this handshake may begin; may end another one for it. Under the lock."""
        if self._strikes.refuses(new.network, time.monotonic()):
            return False
        if len(self._handshaking) >= self._max_handshakes + MAX_CLOSING:
            return False
        held = [Held(one, one.network, one.number) for one in self._handshaking if not one.is_ended]
        most_each = max(MIN_PER_ADDRESS, self._max_handshakes // _ADDRESS_SHARE)
        verdict = judge(held, new.network, self._max_handshakes, most_each)
        if verdict.displaced is not None:
            verdict.displaced.end()
        return verdict.admitted

    def _forget(self, handshaking: _Handshaking) -> None:
        with self._lock:
            if handshaking in self._handshaking:
                self._handshaking.remove(handshaking)

    # --- a handshake's thread ---------------------------------------------------------------
    def _welcome(self, handshaking: _Handshaking) -> None:
        """Read one handshake and hand the socket over, or close it."""
        admitted = False
        try:
            deadline = Deadline(self._time_limit)
            if not self._meets(handshaking, deadline):
                admitted = True
                return
            transport, handshake = self._shake(handshaking, deadline)
            transport.route = handshaking.route
            self._forget(handshaking)
            admitted = not self._closing and self._admit(transport, handshake, handshaking.endpoint)
        except (OSError, WireError) as error:
            log.info("handshake failed", peer=str(handshaking.endpoint), error=str(error))
            if not isinstance(error, HungUpError | TimeoutError | ConnectionError):
                with self._lock:
                    self._strikes.failed(handshaking.network, time.monotonic())
        except Exception:
            log.exception("handshake failed")
        finally:
            self._forget(handshaking)
            if not admitted:
                handshaking.sock.close()

    def _meets(self, handshaking: _Handshaking, deadline: Deadline) -> bool:
        """Let a rendezvous begin, if it is one; False if the connection was taken over for it."""
        deadline.apply(handshaking.sock)
        if self._arrived is None or handshaking.sock.recv(2, socket.MSG_PEEK) != RENDEZVOUS:
            return True
        route = self._arrived(handshaking.sock, deadline)
        handshaking.route = route or handshaking.route
        return route is not None

    def _shake(self, handshaking: _Handshaking, deadline: Deadline) -> tuple[Transport, Handshake]:
        """Do everything a peer has `time_limit` seconds for, with or without TLS or encryption."""
        sock, host = handshaking.sock, handshaking.endpoint.host
        deadline.apply(sock)
        first = sock.recv(2, socket.MSG_PEEK)
        transport: Transport
        if is_mse(first):
            self._refuse_banned(host)
            transport, info_hash = mse_handshake.welcome(sock, self._find_open, deadline.left)
        elif first.startswith(TLS_HANDSHAKE):
            transport, info_hash = welcome(sock, self._find_group_tls, deadline.left)
            if self._is_banned(host, transport.membership):
                raise WireError("its login is banned")
        else:
            self._refuse_banned(host)
            transport = PlainTransport(sock)
            return transport, receive_handshake(transport, deadline.left)
        handshake = receive_handshake(transport, deadline.left)
        if info_hash != handshake.info_hash:
            raise WireError("its handshake names another torrent than the encryption did")
        return transport, handshake

    def _refuse_banned(self, host: str) -> None:
        if self._is_banned(host, None):
            raise WireError("its address is banned")


def check_address(address: Endpoint) -> None:
    """Check that peers can be accepted at an address that isn't in use.

    Raises MinitorrentError(permission_denied).
    """
    _listen(address).close()


def _listen(address: Endpoint) -> socket.socket:
    """Listen at an address; at all addresses, of IPv4 and IPv6, if the host stands for all."""
    if address.is_unspecified and socket.has_dualstack_ipv6():
        with suppress(MinitorrentError):  # IPv6 may be switched off
            return _bind(Endpoint(_ALL, address.port), is_dual=True)
    return _bind(address)


def _bind(address: Endpoint, *, is_dual: bool = False) -> socket.socket:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unusable(address, error) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_dual:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(where)
        sock.listen(_BACKLOG)
        share(sock)
    except OSError as error:
        sock.close()
        raise _unusable(address, error) from error
    return sock


def _unusable(address: Endpoint, error: OSError) -> MinitorrentError:
    reason = error.strerror or str(error)
    return MinitorrentError(
        ErrorCode.PERMISSION_DENIED,
        f"Can't accept peers at {address}: {reason}. Choose another address or port.",
    )
