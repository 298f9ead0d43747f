"""The sockets on which a tracker accepts clients, and the addresses under which they reach them."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import structlog

from common.types import Endpoint
from tracker.config import Config

_log = structlog.get_logger()

_BACKLOG: Final = 512
_ALL_IPV6: Final = "::"


class CannotListenError(Exception):
    """An address can't be listened on; the message says why, in one line."""


@dataclass(frozen=True)
class Listeners:
    """Listening sockets, each with the address for clients; HTTP may be off."""

    session: socket.socket
    address: Endpoint
    http: socket.socket | None = None
    http_address: Endpoint | None = None

    def where(self) -> Endpoint:
        """Return the address of this machine that accepts sessions."""
        host, port = self.session.getsockname()[:2]
        return Endpoint(host, port)

    def close(self) -> None:
        """Close the sockets."""
        self.session.close()
        if self.http is not None:
            self.http.close()


def open_listeners(config: Config) -> Listeners:
    """Listen for sessions and for HTTP. Raises CannotListenError."""
    where = config.listen or config.address
    with ExitStack() as undo:
        session = undo.enter_context(_listen(where, config))
        port = config.address.port or _port(session)
        http = http_address = None
        if config.http_port is not None:
            http = undo.enter_context(_listen(Endpoint(where.host, config.http_port), config))
            http_address = Endpoint(config.address.host, _port(http))
        undo.pop_all()
    if config.listen is None:
        _warn_of_loopback(config.address.host, session)
    return Listeners(session, Endpoint(config.address.host, port), http, http_address)


def _listen(address: Endpoint, config: Config) -> socket.socket:
    try:
        return _bind(address)
    except socket.gaierror as error:
        reason = f"{error.strerror}{_advice(config)}"
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            reason = f"this machine has no such address{_advice(config)}"
        else:  # its own message repeats the address
            reason = str(os.strerror(error.errno) if error.errno else error)
    raise CannotListenError(f"can't listen on {address}: {reason}")


def _bind(address: Endpoint) -> socket.socket:
    family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
    is_dual = address.host == _ALL_IPV6 and socket.has_dualstack_ipv6()
    listener = socket.create_server(
        address, family=family, backlog=_BACKLOG, dualstack_ipv6=is_dual
    )
    # Connections inherit it: otherwise, the second part of an answer waits for up to 40 ms until
    # the first is acknowledged. asyncio sets it only if the socket names its protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _advice(config: Config) -> str:
    every = "::" if ":" in config.address.host else "0.0.0.0"
    if config.listen is None:
        return f"; if clients reach it through a router or a cloud's network, add --listen {every}"
    return f"; --listen {every} accepts clients at all of its addresses"


def _warn_of_loopback(host: str, session: socket.socket) -> None:
    """Warn if this machine's own name for itself hides the address that clients use."""
    bound = Endpoint(session.getsockname()[0], 0)
    if bound.is_loopback and not Endpoint(host, 0).is_loopback:
        _log.warning(
            "only this machine can connect, because it takes its name for a loopback address;"
            " add --listen 0.0.0.0",
            host=host,
            address=bound.host,
        )


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port
