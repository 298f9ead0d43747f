"""The TLS handshake on a peer connection of a sealed group: TLS 1.3, certificates on both sides.

The dialling side names its torrent by SNI (the info-hash in hex), so that one port serves every
group, and presents a certificate of that torrent's group; so does the listening side.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Final

from client.net.transports.group_tls import GroupTls, MembershipError, strict_context
from client.net.transports.tls_transport import TlsTransport
from common.tls import TlsEngine
from common.types import InfoHash, info_hash_from_hex

TLS_HANDSHAKE: Final = b"\x16"
"""The first byte of a connection that begins with TLS (RFC 8446, 5.1); plain ones begin 0x13."""

FindGroupTls = Callable[[InfoHash], GroupTls | None]
"""Returns the GroupTls of a torrent's group; None when the group is open or unknown."""


def dial(
    sock: socket.socket, group_tls: GroupTls, info_hash: InfoHash, time_limit: float
) -> TlsTransport:
    """Open TLS on a connection that we dialled; raises OSError, MembershipError among them.

    The other side may still refuse us: that only shows at the first read.
    """
    engine = TlsEngine(group_tls.client_context, server_side=False, server_hostname=info_hash.hex())
    return shake_hands(sock, engine, lambda: group_tls, time_limit)


def welcome(
    sock: socket.socket, find_group_tls: FindGroupTls, time_limit: float
) -> tuple[TlsTransport, InfoHash]:
    """Answer a peer that opens TLS, for the torrent that it names; raises OSError as above."""
    return welcome_with(strict_context(ssl.PROTOCOL_TLS_SERVER), sock, find_group_tls, time_limit)


def welcome_with(
    context: ssl.SSLContext, sock: socket.socket, find_group_tls: FindGroupTls, time_limit: float
) -> tuple[TlsTransport, InfoHash]:
    """Like `welcome`; `context` is in use until the peer has named its torrent.

    OpenSSL takes the settings for client certificates and tickets from this first context, not
    from the one that is chosen by name.
    """
    chosen: list[tuple[GroupTls, InfoHash]] = []

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        try:
            info_hash = info_hash_from_hex(name or "")
            group_tls = find_group_tls(info_hash)
            if group_tls is None:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = group_tls.server_context
        except (ValueError, MembershipError):
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        chosen.append((group_tls, info_hash))
        return None

    context.sni_callback = choose
    engine = TlsEngine(context, server_side=True)
    transport = shake_hands(sock, engine, lambda: chosen[0][0], time_limit)
    return transport, chosen[0][1]


def shake_hands(
    sock: socket.socket, engine: TlsEngine, group_tls: Callable[[], GroupTls], time_limit: float
) -> TlsTransport:
    """Do the handshake with this engine, as a member of the group that `group_tls` returns then.

    Raises OSError, MembershipError among them.
    """
    transport = TlsTransport(sock, engine)
    transport.set_time_limit(time_limit)
    transport.shake_hands()
    if engine.session_reused:
        raise MembershipError("it resumed an earlier session instead of presenting its certificate")
    transport.membership = group_tls().inspect(engine.peer_certificate)
    return transport
