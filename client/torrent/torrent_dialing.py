"""Dials the peers that a torrent's list chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable

from client.core.admission.obstacle import Obstacle
from client.net.peers.dialer import Dial
from client.net.transports.group_tls import GroupTls
from client.net.transports.transport import Transport
from client.torrent.peer_list import PeerList
from client.torrent.torrent_context import TorrentContext
from common.metainfo import Metainfo
from common.types import Endpoint
from common.wire.handshake import Handshake


class TorrentDialing:
    """The dials of one torrent; `lock` is the torrent's.

    `connected` takes over a connection, or returns False when it isn't wanted.
    """

    def __init__(
        self,
        metainfo: Metainfo,
        group_tls: GroupTls | None,
        context: TorrentContext,
        peer_list: PeerList,
        lock: threading.Lock,
        connected: Callable[[Transport, Handshake, Endpoint], bool],
    ) -> None:
        self._metainfo = metainfo
        self._group_tls = group_tls
        self._context = context
        self._peer_list = peer_list
        self._lock = lock
        self._connected = connected
        self._closed = False

    def close(self) -> None:
        """Stop dialling; call it under the lock."""
        self._closed = True

    def dial(self, *, complete: bool) -> None:
        """Dial the peers that are due; for a `complete` torrent see `PeerList.to_dial`."""
        now = self._context.clock()
        with self._lock:
            if self._closed or not self._context.connection_slots.free:
                return
            endpoints = self._peer_list.to_dial(now, complete=complete)
            others = [self._peer_list.others_of(endpoint) for endpoint in endpoints]
        for endpoint, (addresses, peer_id) in zip(endpoints, others, strict=True):
            dial = Dial(
                endpoint,
                self._metainfo.info_hash,
                self._metainfo.authority or self._metainfo.source or "",
                self._group_tls,
                self._connected,
                self._failed,
                addresses,
                peer_id,
            )
            if not self._context.dialer.dial(dial):
                self._failed(endpoint, None)

    def _failed(self, endpoint: Endpoint, obstacle: Obstacle | None) -> None:
        with self._lock:
            self._peer_list.dial_failed(endpoint, self._context.clock(), obstacle)
