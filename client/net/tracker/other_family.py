"""Tells the tracker this client's address of the other family, IPv4 or IPv6."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from typing import Final

import structlog

from client.config import DEFAULT_TIMING, Timing
from client.net.tracker.tracker_client import TrackerClient
from client.net.tracker.tracker_connection import CheckCertificate, TrackerConnection
from client.net.transports.own_port import OwnAddress
from common.addresses import is_ipv6
from common.api.accounts import ADD_ADDRESS, AddAddress
from common.errors import MinitorrentError
from common.types import Endpoint

log = structlog.get_logger(__name__)

_MOST_DOORS: Final = 3


class OtherFamily:
    """Connects to a tracker from the address that the session doesn't come from.

    The tracker lists an address only if it has seen this client there, so nobody can have members
    dial somebody else. `port` returns where peers are accepted there, by whether it is IPv6.
    """

    def __init__(
        self,
        tracker_client: TrackerClient,
        port: Callable[[bool], int],
        check_certificate: CheckCertificate,
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._tracker_client = tracker_client
        self._port = port
        self._check_certificate = check_certificate
        self._timing = timing

    def tell(self) -> None:
        """Tell the tracker in the background, if there is a session and such an address."""
        threading.Thread(target=self._tell, name="other family", daemon=True).start()

    def _tell(self) -> None:
        client = self._tracker_client
        current, host = client.current, client.current_host
        if current is None or host is None or current.is_loopback:
            return
        wanted = not is_ipv6(host)
        for tracker, door in islice(_doors((current, *client.trackers), wanted), _MOST_DOORS):
            token = client.token_for(tracker)
            if token is not None and self._tell_at(tracker, door, token, self._port(wanted)):
                return

    def _tell_at(self, tracker: Endpoint, door: Endpoint, token: str, port: int) -> bool:
        """Knock at an address of a tracker; return whether it has taken ours."""
        try:
            connection = TrackerConnection(
                door,
                OwnAddress(None, 0),
                lambda _: None,
                lambda _: None,
                lambda _, certificate: self._check_certificate(tracker, certificate),
                self._timing,
            )
            with closing(connection):
                reply = connection.request(ADD_ADDRESS, AddAddress(token=token, port=port))
        except (OSError, MinitorrentError) as error:
            log.info("can't tell the tracker another address", tracker=str(door), error=str(error))
            return False
        log.info("the tracker knows another address", host=reply.host, port=port)
        return True


def _doors(trackers: tuple[Endpoint, ...], wanted: bool) -> Iterator[tuple[Endpoint, Endpoint]]:
    """Return trackers with an address of the wanted family each, IPv6 or IPv4."""
    family = socket.AF_INET6 if wanted else socket.AF_INET
    for tracker in dict.fromkeys(trackers):
        try:
            found = socket.getaddrinfo(*tracker, family, socket.SOCK_STREAM)
        except OSError:  # it has none
            continue
        yield tracker, Endpoint(str(found[0][4][0]), tracker.port)
