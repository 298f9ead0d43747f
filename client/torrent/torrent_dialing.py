"""Dials the peers that a torrent's list chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from client.core.admission.candidates import PeerCandidate
from client.core.admission.obstacle import Obstacle, is_ours
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
            peers = [self._peer_list.candidate_at(endpoint) for endpoint in endpoints]
        for endpoint, peer in zip(endpoints, peers, strict=True):
            dial = self._dial(endpoint, self._failed, partial(self._unanswered, endpoint), peer)
            if not self._context.dialer.dial(dial):
                self._failed(endpoint, None)

    def _dial(
        self,
        endpoint: Endpoint,
        failed: Callable[[Endpoint, Obstacle | None], None],
        unanswered: Callable[[], None] = lambda: None,
        peer: PeerCandidate | None = None,
    ) -> Dial:
        """Return a dial of an endpoint, and of the other addresses of the peer there."""
        return Dial(
            endpoint,
            self._metainfo.info_hash,
            self._metainfo.authority or self._metainfo.source or "",
            self._group_tls,
            self._connected,
            failed,
            unanswered,
            () if peer is None else peer.others,
            None if peer is None else peer.peer_id,
            is_silent=peer is not None and peer.silent,
        )

    def _unanswered(self, endpoint: Endpoint) -> None:
        """Have the tracker bring the peer together with us, if it is one of our own clients."""
        with self._lock:
            peer = None if self._closed else self._peer_list.candidate_at(endpoint)
            if peer is None or not is_ours(peer.peer_id):
                return
            needs_relay = not self._peer_list.has_relayed(peer.peer_id)
        dial = self._dial(endpoint, self._not_met)
        self._context.rendezvous.ask(
            dial, peer.user, peer.peer_id, relay=needs_relay, unanswered=not peer.silent
        )

    def _not_met(self, endpoint: Endpoint, obstacle: Obstacle | None) -> None:
        with self._lock:
            self._peer_list.not_met(endpoint, obstacle)

    def _failed(self, endpoint: Endpoint, obstacle: Obstacle | None) -> None:
        with self._lock:
            self._peer_list.dial_failed(endpoint, self._context.clock(), obstacle)
