"""Probes trackers over connections of their own, and finds this machine's addresses."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from typing import Final

from cryptography import x509

from client.config import DEFAULT_TIMING, Timing
from client.core.health.measurements import TrackerMeasurements, TrackerProblem
from client.net.tracker.tracker_connection import (
    ConnectionLostError,
    TrackerConnection,
    UntrustedTrackerError,
)
from client.net.transports.own_port import OwnAddress
from common.api.accounts import PING, Ping
from common.errors import ErrorCode, MinitorrentError
from common.tls import fingerprint
from common.types import Endpoint

ANSWER_LIMIT: Final = 5.0
"""Seconds for a tracker's answer."""

LOOPBACK: Final = "127.0.0.1"


class TrackerProbe:
    """Probes a tracker once, over a connection of its own, without side effects.

    `trusted` is the fingerprint of the certificate trusted there, None before the first contact.
    """

    def __init__(
        self,
        tracker: Endpoint,
        source_host: str | None,
        trusted: str | None,
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._tracker = tracker
        self._source_host = source_host
        self._trusted = trusted
        self._timing = timing
        self._certificate = b""

    def measure(self) -> TrackerMeasurements:
        """Connect, ask and hang up; takes no longer than the limits of each step."""
        try:
            connection = TrackerConnection(
                self._tracker,
                OwnAddress(self._source_host, 0),
                lambda _: None,
                lambda _: None,
                self._check_certificate,
                self._timing,
            )
            with closing(connection):
                return self._ask(connection)
        except UntrustedTrackerError:
            return self._failed(TrackerProblem.UNTRUSTED, "")
        except (ConnectionLostError, ConnectionResetError):
            return self._failed(TrackerProblem.FOREIGN, "it hung up")
        except TimeoutError:
            return self._failed(TrackerProblem.SILENT, "")
        except MinitorrentError as error:
            if error.code is ErrorCode.TIMEOUT:
                return self._failed(TrackerProblem.SILENT, "")
            return self._failed(
                TrackerProblem.FOREIGN, error.message.removeprefix(f"{self._tracker}: ")
            )
        except OSError as error:
            return self._failed(TrackerProblem.UNREACHABLE, error.strerror or str(error))

    def _check_certificate(self, tracker: Endpoint, certificate: bytes) -> None:
        self._certificate = certificate
        if self._trusted not in (None, fingerprint(certificate)):
            raise UntrustedTrackerError(f"{tracker} shows another certificate than before.")

    def _ask(self, connection: TrackerConnection) -> TrackerMeasurements:
        asked_at = time.monotonic()
        connection.request(PING, Ping(), limit=ANSWER_LIMIT)
        return TrackerMeasurements(
            address=str(self._tracker),
            trusted=self._trusted,
            shown=fingerprint(self._certificate),
            server=connection.server,
            seconds=time.monotonic() - asked_at,
            clock_difference=connection.clock_difference,
            certified_since=_start(self._certificate),
        )

    def _failed(self, problem: TrackerProblem, reason: str) -> TrackerMeasurements:
        return TrackerMeasurements(
            address=str(self._tracker),
            problem=problem,
            reason=reason,
            trusted=self._trusted,
            shown=fingerprint(self._certificate) if self._certificate else None,
        )


def outward_host(towards: Endpoint) -> str | None:
    """Return this machine's address for packets to `towards`; sends none."""
    try:
        found = socket.getaddrinfo(towards.host, towards.port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, where = found[0]
        with socket.socket(family, kind, protocol) as sock:
            sock.connect(where)
            host: str = sock.getsockname()[0]
    except OSError:
        return None
    return host


def _start(certificate: bytes) -> float | None:
    """Return when a certificate (DER) became valid, in seconds since the epoch."""
    try:
        return x509.load_der_x509_certificate(certificate).not_valid_before_utc.timestamp()
    except ValueError:
        return None
