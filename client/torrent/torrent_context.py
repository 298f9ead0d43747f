"""What the torrents of a client share, and the callbacks of their owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

from client.core.protocol.peer_protocol import MAX_WAITING_REQUESTS
from client.core.swarm.swarm import Swarm
from client.core.swarm.swarm_config import SwarmConfig
from client.core.transfers.piece_selection import PieceSelection
from client.net.peers.connection import ConnectionFactory
from client.net.peers.dialer import Dial
from client.net.tracker.announced import UnidentifiedPeer
from client.storage.pieces.buffers import BufferPool
from client.storage.pieces.worker import Job, OnFailure
from client.torrent.ban_list import BanList
from client.torrent.connection_slots import ConnectionSlots
from common.bitfield import Bitfield
from common.errors import MinitorrentError
from common.geometry import Geometry
from common.types import PeerId
from common.wire.handshake import EXTENSION_HANDSHAKE, ExtensionHandshake
from common.wire.messages import Extended
from common.wire.metadata import UT_METADATA

TorrentT = TypeVar("TorrentT", contravariant=True)


class PeerDialer(Protocol):
    """Dials peers; Dialer does, in its threads."""

    def dial(self, dial: Dial) -> bool:
        """Connect soon; returns False, without any callback, when too many dials are waiting."""


class Rendezvous(Protocol):
    """Arranges connections with peers that can't be dialled; RendezvousPoint does."""

    def ask(self, dial: Dial, user: str, peer_id: PeerId, *, relay: bool, unanswered: bool) -> None:
        """Have a peer dial us, and dial it, or let a `relay` join us.

        The tracker is told whether the peer has left us `unanswered`. Returns at once, and ends
        with a callback of `dial`.
        """


class Workers(Protocol):
    """Runs jobs outside of the peers' threads; WorkerPool does."""

    def submit(self, job: Job, on_failure: OnFailure) -> None:
        """Run `job` soon, and call `on_failure` with the error that it raises.

        Blocks while many jobs are waiting.
        """


@dataclass(frozen=True, slots=True)
class TorrentContext:
    """What all torrents of a client share.

    `port` is where this client accepts peers; `is_mapped` returns whether a router maps it.
    """

    peer_id: PeerId
    port: int
    is_mapped: Callable[[], bool]
    client_name: str
    clock: Callable[[], float]
    rng: Random
    dialer: PeerDialer
    rendezvous: Rendezvous
    connect: ConnectionFactory
    buffers: BufferPool
    workers: Workers
    swarm_config: SwarmConfig
    ban_list: BanList
    connection_slots: ConnectionSlots

    def make_swarm(self, geometry: Geometry, have: Bitfield, selection: PieceSelection) -> Swarm:
        """Return the state of a torrent without peers; it shares `have`, the verified pieces."""
        buffers, rng, config = self.buffers, self.rng, self.swarm_config
        return Swarm(geometry, have, buffers, rng, self.clock(), config, selection)

    def introduce(
        self, host: str, metadata_size: int | None = None, *, upload_only: bool = False
    ) -> Extended:
        """Return our extension handshake for a peer at `host` (BEP 10).

        `metadata_size` is the length of the info dictionary (bytes), None while we have none.
        """
        ours = ExtensionHandshake(
            client=self.client_name,
            max_requests=MAX_WAITING_REQUESTS,
            port=self.port,
            upload_only=upload_only,
            is_mapped=self.is_mapped(),
            metadata_number=UT_METADATA,
            metadata_size=metadata_size,
        )
        return Extended(EXTENSION_HANDSHAKE, ours.encode(host))


class TorrentOwner(Protocol[TorrentT]):
    """Callbacks of a torrent, made by its threads, outside its lock.

    Each passes its torrent: the owner may have stopped it meanwhile and started another.
    """

    def on_complete(self, torrent: TorrentT) -> None:
        """Handle the last piece, which is verified and written, but not synced yet."""

    def on_failed(self, torrent: TorrentT, error: MinitorrentError) -> None:
        """Handle an error: the content can't be read or written any more."""

    def on_damaged(self, torrent: TorrentT) -> None:
        """Handle a wrong piece in a file that looks untouched; it was not sent."""

    def on_unidentified(self, peer: UnidentifiedPeer) -> None:
        """Identify an incoming peer that the tracker hasn't listed; ends in `identified`."""
