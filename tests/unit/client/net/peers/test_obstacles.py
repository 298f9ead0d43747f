"""What each kind of failure reveals about the other side, and ours."""

from __future__ import annotations

import errno
import ssl

import pytest

from client.core.admission.obstacle import Obstacle
from client.net.peers.handshaking import HungUpError, OtherTorrentError
from client.net.peers.obstacles import of_connecting, of_handshaking
from client.net.transports.group_tls import MembershipError
from common.wire.messages import WireError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), Obstacle.NO_ANSWER),
        (OSError(errno.ETIMEDOUT, ""), Obstacle.NO_ANSWER),
        (ConnectionRefusedError(), Obstacle.REFUSED),
        (OSError(errno.EHOSTUNREACH, ""), Obstacle.NO_ROUTE),
        (OSError(errno.ENETUNREACH, ""), Obstacle.NO_ROUTE),
        (OSError(errno.EPERM, ""), Obstacle.NO_ROUTE),
        (OSError(errno.EMFILE, ""), Obstacle.NO_ROOM_HERE),
        (OSError(errno.ENFILE, ""), Obstacle.NO_ROOM_HERE),
    ],
)
def test_without_a_connection(error: OSError, expected: Obstacle) -> None:
    assert of_connecting(error) is expected


def tls(reason: str) -> ssl.SSLError:
    """A failure of TLS as OpenSSL names it."""
    return ssl.SSLError(1, f"[SSL: {reason}] some words (_ssl.c:1000)")


def dated(code: int) -> ssl.SSLCertVerificationError:
    """A certificate that OpenSSL refused with this code."""
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] some words")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("error", "plain", "sealed"),
    [
        (TimeoutError(), Obstacle.SILENT, Obstacle.SILENT),
        (ConnectionResetError(), Obstacle.HUNG_UP, Obstacle.TURNED_AWAY),
        (BrokenPipeError(), Obstacle.HUNG_UP, Obstacle.TURNED_AWAY),
        (HungUpError("", has_spoken=False), Obstacle.HUNG_UP, Obstacle.TURNED_AWAY),
        (ssl.SSLEOFError(), Obstacle.HUNG_UP, Obstacle.TURNED_AWAY),
        (OtherTorrentError(""), Obstacle.OTHER_TORRENT, Obstacle.OTHER_TORRENT),
        (WireError(""), Obstacle.NOT_BITTORRENT, Obstacle.NOT_BITTORRENT),
        (MembershipError(""), Obstacle.CERTIFICATE, Obstacle.CERTIFICATE),
        (tls("CERTIFICATE_VERIFY_FAILED"), Obstacle.CERTIFICATE, Obstacle.CERTIFICATE),
        (dated(9), Obstacle.NOT_YET_VALID, Obstacle.NOT_YET_VALID),
        (dated(10), Obstacle.EXPIRED, Obstacle.EXPIRED),
        (dated(20), Obstacle.CERTIFICATE, Obstacle.CERTIFICATE),
        (tls("SSLV3_ALERT_CERTIFICATE_EXPIRED"), Obstacle.THEIR_CLOCK, Obstacle.THEIR_CLOCK),
        (tls("SSLV3_ALERT_BAD_CERTIFICATE"), Obstacle.THEIR_CLOCK, Obstacle.THEIR_CLOCK),
        (tls("TLSV1_ALERT_UNKNOWN_CA"), Obstacle.CERTIFICATE, Obstacle.CERTIFICATE),
        (tls("TLSV1_UNRECOGNIZED_NAME"), Obstacle.TURNED_AWAY, Obstacle.TURNED_AWAY),
        (tls("WRONG_VERSION_NUMBER"), Obstacle.NOT_BITTORRENT, Obstacle.NOT_BITTORRENT),
        (OSError(errno.ENOMEM, ""), Obstacle.NO_ROOM_HERE, Obstacle.NO_ROOM_HERE),
    ],
)
def test_without_a_handshake(error: OSError | WireError, plain: Obstacle, sealed: Obstacle) -> None:
    assert of_handshaking(error, sealed=False) is plain
    assert of_handshaking(error, sealed=True) is sealed
