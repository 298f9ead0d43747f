"""What the peers of a torrent say and are told; everything here runs under the torrent's lock."""

from __future__ import annotations

from collections.abc import Sequence

from client.core.actions import Action, Ban, Close, Send
from client.core.party import network
from client.core.piece_download import PieceDownload
from client.core.receiver import (
    Event,
    PieceDropped,
    PieceReceived,
    Received,
    RequestsReceived,
)
from client.core.swarm import Swarm
from client.engine.machinery import Machinery
from client.engine.neighbours import Neighbours
from client.net.peer_io import PeerConnection
from common.types import Block, PieceIndex
from common.wire.codec import encode
from common.wire.messages import Cancel, Choke, Message, Reject


class Exchange:
    """Between connections and the swarm: events go to it, the actions it wants go out.

    `sources` are those whom pieces came from, by user and address.
    """

    def __init__(self, swarm: Swarm, neighbours: Neighbours, machinery: Machinery) -> None:
        self.sources: set[str] = set()
        self._swarm = swarm
        self._neighbours = neighbours
        self._machinery = machinery

    def __repr__(self) -> str:
        return f"Exchange({self._neighbours!r}, {len(self.sources)} sources)"

    # --- what they say ----------------------------------------------------------------------
    def greet(self, connection: PeerConnection, now: float) -> None:
        """Introduce ourselves to a new peer."""
        key, handshake = connection.key, connection.handshake
        actions = self._swarm.join(key, fast=handshake.fast, now=now)
        if handshake.extended:
            host, size = connection.endpoint.host, self._swarm.extensions.size
            ours = self._machinery.introduce(host, size, upload_only=self._swarm.complete)
            actions.append(Send(key, ours))
        self.perform(actions)
        # Who dials us may have been removed since the tracker told of it: it is asked again.
        told = not connection.incoming and self._neighbours.recognise(connection)
        if told or connection.membership is not None:
            self.perform(self._swarm.confirm(key))

    def take(self, peer: PeerConnection, event: Event) -> list[PieceDownload]:
        """Take one event in; returns the piece that is to be verified, if any."""
        key = peer.key
        match event:
            case PieceReceived(download):
                self.sources.add(f"{peer.user} at {network(peer.endpoint.host)}")
                return [download] if self._swarm.piece_received(key, download) else []
            case PieceDropped(download):
                self._swarm.piece_dropped(key, download)
            case RequestsReceived(requests):
                blocks, actions = self._swarm.requested(key, requests)
                self.perform(actions)
                if blocks:
                    peer.send_blocks(blocks)
            case Received(message):
                self._take_message(peer, message)
        return []

    def _take_message(self, peer: PeerConnection, message: Message) -> None:
        key = peer.key
        match message:
            case Reject(piece, begin):
                download = peer.receiver.withdraw(piece, begin)
                if download is not None:
                    self.perform(self._swarm.rejected(key, download))
            case Cancel(piece, begin, length):
                if peer.withdraw_block(Block(PieceIndex(piece), begin, length)):
                    self.perform(self._swarm.withdrawn(key, message))
            case _:
                if isinstance(message, Choke) and not self._swarm.peers[key].fast:
                    peer.receiver.forget()
                    self._swarm.choked(key)
                self.perform(self._swarm.receive(key, message))

    # --- what they are told -----------------------------------------------------------------
    def perform(self, actions: Sequence[Action]) -> None:
        """Do what the swarm wants; nothing here waits."""
        for action in actions:
            connection = self._neighbours.connections.get(action.peer)
            match action:
                case Send(_, message) if connection is not None:
                    self._send(connection, message)
                case Close(_, reason) if connection is not None:
                    connection.close(reason)
                case Ban(key, reason):
                    self._neighbours.ban(key, reason)

    def _send(self, connection: PeerConnection, message: Message) -> None:
        connection.send(encode(message))
        if isinstance(message, Choke):
            withdrawn = connection.withdraw_blocks()
            if connection.handshake.fast and withdrawn:
                connection.send(b"".join([encode(Reject(*block)) for block in withdrawn]))
