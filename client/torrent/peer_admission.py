"""Lets peers into a torrent after their handshake, and introduces us to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from client.core.protocol.peer_protocol import PeerProtocol
from client.core.swarm.actions import Action
from client.core.swarm.swarm import Swarm
from client.net.peers.connection import Connection
from client.net.transports.transport import Transport
from client.torrent.peer_list import PeerList
from client.torrent.torrent_context import TorrentContext
from common.metainfo import Metainfo
from common.wire.handshake import Handshake


class PeerAdmission:
    """Admits the peers of one torrent; `lock` is the torrent's.

    The actions that the protocol returns are passed to `perform`, under the lock.
    """

    def __init__(
        self,
        metainfo: Metainfo,
        context: TorrentContext,
        swarm: Swarm,
        protocol: PeerProtocol,
        peer_list: PeerList,
        lock: threading.Lock,
        perform: Callable[[Sequence[Action]], object],
    ) -> None:
        self._metainfo = metainfo
        self._context = context
        self._swarm = swarm
        self._protocol = protocol
        self._peer_list = peer_list
        self._lock = lock
        self._perform = perform
        self._closed = False

    def close(self) -> None:
        """Refuse all further connections; call it under the lock."""
        self._closed = True

    def admit(self, connection: Connection, transport: Transport) -> bool:
        """Add a connection and start it; returns False when it isn't wanted.

        Answers a peer that dialled us with our handshake.
        """
        with self._lock:
            if not self._peer_list.wants(connection) or self._closed:
                return False
        if connection.incoming:
            ours = Handshake(self._metainfo.info_hash, self._context.peer_id)
            transport.send([ours.encode()])
        with self._lock:
            # Other peers may have joined, or the torrent stopped, during the handshake.
            if self._closed or not self._peer_list.accepts(connection):
                return False
            if not self._peer_list.take_slot(connection, self._context.connection_slots):
                return False
            return self._connect(connection)

    def leave(self, connection: Connection) -> None:
        """Remove a connection that has ended; call it under the lock."""
        self._context.connection_slots.give_back(connection)
        self._swarm.leave(connection.key)
        self._peer_list.remove(connection, self._context.clock())

    def _connect(self, connection: Connection) -> bool:
        """Add a connection and start it; returns False when there is no thread left for it."""
        now = self._context.clock()
        self._peer_list.add(connection, now)
        self._greet(connection, now)
        try:
            connection.start()
        except RuntimeError:  # the system can't start another thread
            connection.close("no threads left for it")
            self.leave(connection)
            return False
        return True

    def _greet(self, connection: Connection, now: float) -> None:
        """Introduce ourselves to a new peer."""
        key, handshake = connection.key, connection.handshake
        ours = None
        if handshake.extended:
            host, size = connection.endpoint.host, len(self._metainfo.info_bytes)
            ours = self._context.introduce(host, size, upload_only=self._swarm.complete)
        decoder, fast = connection.decoder, handshake.fast
        actions = self._protocol.join(
            key, decoder, connection, fast=fast, now=now, introduction=ours
        )
        # A peer that dials us may have been removed since the tracker listed it, so we ask again.
        listed = not connection.incoming and self._peer_list.recognise(connection)
        if listed or connection.membership is not None:
            actions += self._protocol.confirm(key)
        self._perform(actions)
