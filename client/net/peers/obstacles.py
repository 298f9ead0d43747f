"""Translates failures of a dial into obstacles."""

from __future__ import annotations

import errno
import ssl
from typing import Final

from client.core.admission.obstacle import Obstacle
from client.net.peers.handshaking import HungUpError, OtherTorrentError
from client.net.transports.group_tls import MembershipError
from common.wire.messages import WireError

_NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_DATES: Final = {9: Obstacle.NOT_YET_VALID, 10: Obstacle.EXPIRED}
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""

_REFUSED_FOR_ITS_DATES: Final = ("ALERT_CERTIFICATE_EXPIRED", "ALERT_BAD_CERTIFICATE")
"""Alerts that OpenSSL sends about dates; certificates of another authority get others."""


def of_connecting(error: OSError) -> Obstacle:
    """Return the obstacle that kept us from connecting."""
    if isinstance(error, TimeoutError):  # ours, or the kernel's
        return Obstacle.NO_ANSWER
    if isinstance(error, ConnectionError):
        return Obstacle.REFUSED
    return Obstacle.NO_ROOM_HERE if error.errno in _NO_ROOM else Obstacle.NO_ROUTE


def of_handshaking(error: OSError | WireError, *, sealed: bool) -> Obstacle:
    """Return the obstacle that made a handshake fail; in a `sealed` group TLS comes first."""
    if isinstance(error, TimeoutError):
        return Obstacle.SILENT
    if isinstance(error, ConnectionError | HungUpError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Obstacle.TURNED_AWAY if sealed else Obstacle.HUNG_UP
    if isinstance(error, OtherTorrentError):
        return Obstacle.OTHER_TORRENT
    if isinstance(error, MembershipError):
        return Obstacle.CERTIFICATE
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _DATES:
        return _DATES[error.verify_code]
    if isinstance(error, ssl.SSLError):
        return _tls_failure(str(error))
    return Obstacle.NOT_BITTORRENT if isinstance(error, WireError) else Obstacle.NO_ROOM_HERE


def _tls_failure(reason: str) -> Obstacle:
    """Interpret OpenSSL's message of a failure, which contains its own name for it."""
    if any(alert in reason for alert in _REFUSED_FOR_ITS_DATES):
        return Obstacle.THEIR_CLOCK
    if "CERTIFICATE" in reason or "UNKNOWN_CA" in reason:
        return Obstacle.CERTIFICATE
    if "UNRECOGNIZED_NAME" in reason:  # it doesn't have that torrent
        return Obstacle.TURNED_AWAY
    return Obstacle.NOT_BITTORRENT
