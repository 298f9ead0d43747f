"""An active torrent: its connections, its swarm, its pieces on the way to the disk.

There is one lock. The pure core is called, and its actions are queued, under it; everything that
may block (reading, sending, hashing, writing) happens outside it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence

import structlog

from client.core.admission.candidates import PeerCandidate
from client.core.admission.obstacle import Obstacle
from client.core.bandwidth.fair_queue import BandwidthRequest
from client.core.bandwidth.throttle import Throttle
from client.core.protocol.peer_protocol import PeerProtocol
from client.core.protocol.peer_stream_decoder import PieceReceived, StreamEvent
from client.core.swarm.actions import Action, Announce, Ban, Close, Send, Verify
from client.core.swarm.peer import Peer
from client.core.swarm.piece_download import PieceDownload
from client.core.transfers.piece_selection import PieceSelection
from client.net.peers.connection import Connection
from client.net.tracker.announced import UnidentifiedPeer
from client.net.transports.group_tls import GroupTls
from client.net.transports.transport import Transport
from client.storage.files.torrent_files import TorrentFiles
from client.torrent.content_source import ContentSource
from client.torrent.peer_admission import PeerAdmission
from client.torrent.peer_list import PeerList
from client.torrent.piece_writer import PieceWriter
from client.torrent.request_pipeline import RequestPipeline
from client.torrent.torrent_context import TorrentContext, TorrentOwner
from client.torrent.torrent_dialing import TorrentDialing
from common.bitfield import Bitfield
from common.errors import MinitorrentError
from common.metainfo import Metainfo
from common.types import Endpoint, PieceIndex
from common.wire.codec import encode
from common.wire.handshake import Handshake

log = structlog.get_logger(__name__)


class Torrent:
    """A torrent with open files, from its start until `stop`.

    `have` is shared with the swarm; `selection` says what is wanted; `group_tls` is that of a
    sealed group. The owner stops the torrent; it makes no callback after that. While `throttle`
    has a limit, blocks are requested and sent only through BandwidthRequests.
    """

    def __init__(
        self,
        metainfo: Metainfo,
        files: TorrentFiles,
        have: Bitfield,
        selection: PieceSelection,
        group_tls: GroupTls | None,
        context: TorrentContext,
        owner: TorrentOwner[Torrent],
        throttle: Throttle,
    ) -> None:
        self.metainfo = metainfo
        self._source = ContentSource(files, self._fail, self._damaged)
        self._torrent_context = context
        self._owner = owner
        self._throttle = throttle
        self._clock = context.clock
        self._stopped = False
        lock = self._lock = threading.Lock()
        peers = self._peer_list = PeerList(
            context.peer_id, context.swarm_config, context.ban_list, group_tls
        )
        swarm = self._swarm = context.make_swarm(metainfo.geometry, have, selection)
        protocol = self._protocol = PeerProtocol(swarm, metainfo.info_bytes)
        blocks = metainfo.geometry.block_count(PieceIndex(0))
        self._requests = RequestPipeline(metainfo.info_hash, protocol, lock, throttle, blocks)
        self._dialing = TorrentDialing(metainfo, group_tls, context, peers, lock, self._on_dialled)
        perform, completed, failed = self._perform, self._completed, self._fail
        self._writer = PieceWriter(files, context.workers, swarm, lock, perform, completed, failed)
        self._admission = PeerAdmission(metainfo, context, swarm, protocol, peers, lock, perform)

    # --- state ------------------------------------------------------------------------------
    @property
    def complete(self) -> bool:
        """Whether every wanted piece is verified and written."""
        return self._swarm.complete

    @property
    def done(self) -> int:
        """Verified bytes of the wanted files."""
        return self._swarm.done

    @property
    def left(self) -> int:
        """Bytes that are missing, wanted or not."""
        return self.metainfo.length - self._swarm.verified_bytes

    def have(self) -> Bitfield:
        """Return a copy of the verified and written pieces."""
        with self._lock:
            return self._swarm.have.copy()

    def peers(self) -> list[tuple[Connection, Peer]]:
        """Return the connected peers: each connection and the swarm's view of it."""
        with self._lock:
            return [
                (connection, self._swarm.peers[key])
                for key, connection in self._peer_list.connections.items()
            ]

    def rates(self) -> tuple[float, float]:
        """Return the payload rates down and up, in bytes a second."""
        with self._lock:
            peers = list(self._swarm.peers.values())
        return sum(p.down.rate for p in peers), sum(p.up.rate for p in peers)

    @property
    def uploaded(self) -> int:
        """Payload bytes sent."""
        return self._swarm.uploaded

    @property
    def downloaded(self) -> int:
        """Payload bytes received."""
        return self._swarm.downloaded

    @property
    def source_count(self) -> int:
        """Number of peers that sent whole pieces."""
        return len(self._peer_list.sources)

    @property
    def connection_count(self) -> int:
        """Number of connected peers."""
        return len(self._peer_list.connections)

    @property
    def is_idle(self) -> bool:
        """Whether it is complete, and nobody is connected or has to be dialled again."""
        peer_list = self._peer_list
        return self.complete and not (peer_list.connections or peer_list.last_dial_failed)

    @property
    def writing(self) -> int:
        """Number of pieces being verified and written, or waiting for it."""
        return self._writer.writing

    def reachability(self) -> tuple[int, list[Obstacle]]:
        """See Candidates.reachability."""
        with self._lock:
            return self._peer_list.reachability()

    def liars(self) -> tuple[str, ...]:
        """Return the peers banned for wrong pieces, in the form `ann at 127.0.0.1:6881`."""
        with self._lock:
            return tuple(self._peer_list.liars)

    # --- peers ------------------------------------------------------------------------------
    def admit(
        self, transport: Transport, handshake: Handshake, endpoint: Endpoint, *, incoming: bool
    ) -> bool:
        """Take over a connection after its handshake; returns False when it isn't wanted.

        Answers a peer that dialled us with our handshake.
        """
        key = self._peer_list.next_key()
        connection = self._torrent_context.connect(
            key,
            transport,
            endpoint,
            handshake,
            self,
            self._source,
            self._throttle.up,
            incoming=incoming,
        )
        if not self._admission.admit(connection, transport):
            return False
        if connection.user is None:
            self._owner.on_unidentified(UnidentifiedPeer(key, handshake.peer_id, endpoint.host))
        return True

    def learn(self, candidates: Sequence[PeerCandidate]) -> None:
        """Take the peers that the tracker lists."""
        with self._lock:
            for connection in self._peer_list.learn(candidates):
                self._perform(self._protocol.confirm(connection.key))
        self._dialing.dial(complete=self.complete)

    def identified(self, key: int, user: str | None, *, is_member: bool | None) -> None:
        """Take the tracker's verdict on an unidentified peer; others than members are closed.

        `is_member` is None when no tracker can tell now; then earlier answers count.
        """
        with self._lock:
            connection = self._peer_list.connections.get(key)
            if connection is None or connection.user is not None:
                return
            if is_member is None:
                is_known = self._peer_list.remember(connection)  # otherwise we ask again
            else:
                is_known = self._peer_list.identified(connection, user, is_member=is_member)
            if is_known:
                self._perform(self._protocol.confirm(key))

    def forget_candidates(self) -> None:
        """Forget candidates: the tracker is back and will list the peers again."""
        with self._lock:
            self._peer_list.forget_candidates()

    def disconnect_user(self, user: str) -> None:
        """Disconnect a user who is no longer a member."""
        with self._lock:
            self._peer_list.disconnect_user(user)

    def disconnect_unaccepted(self) -> None:
        """Disconnect peers that are no longer accepted: removed, or with an expired certificate."""
        with self._lock:
            self._peer_list.disconnect_unaccepted()

    def stop(self, timeout: float = 5.0) -> None:
        """Close all connections and wait until nothing is read or written any more."""
        with self._lock:
            self._stopped = True
            self._requests.close()
            self._dialing.close()
            self._admission.close()
            self._writer.close()
            connections = list(self._peer_list.connections.values())
        for connection in connections:
            connection.close("stopped")
        for connection in connections:
            connection.join(timeout)
        with self._lock:
            self._writer.wait_idle(timeout)
            self._swarm.close()

    def tick(self) -> None:
        """Do the periodic work; call it a few times a second."""
        if self.is_idle:
            return
        now = self._clock()
        with self._lock:
            if self._stopped:
                return
            self._peer_list.disconnect_unaccepted()
            self._perform(self._swarm.tick(now))
        for connection in self._connected():
            self._requests.refill(connection, now)
            connection.flush()
        self._dialing.dial(complete=self.complete)

    def _on_dialled(self, transport: Transport, handshake: Handshake, endpoint: Endpoint) -> bool:
        return self.admit(transport, handshake, endpoint, incoming=False)

    # --- a peer's threads (PeerHandler) -----------------------------------------------------
    def on_received(self, peer: Connection, events: list[StreamEvent], count: int) -> None:
        """See PeerHandler."""
        now = self._clock()
        pieces: list[PieceDownload] = []
        try:
            with self._lock:
                if not self._protocol.record_received(peer.key, now, has_message=bool(events)):
                    return
                for event in events:
                    if isinstance(event, PieceReceived):
                        self._peer_list.add_source(peer)
                    pieces += self._perform(self._protocol.receive(peer.key, event))
            self._requests.refill(peer, now)
        finally:  # also if the peer violated the protocol in the same read
            for piece in pieces:
                self._writer.submit(piece)

    def on_sent(self, peer: Connection, payload: int) -> None:
        """See PeerHandler."""
        with self._lock:
            self._swarm.payload_sent(peer.key, payload)

    def on_closed(self, peer: Connection) -> None:
        """See PeerHandler."""
        log.debug("peer left", peer=str(peer.endpoint), reason=peer.close_reason)
        with self._lock:
            self._admission.leave(peer)
            self._requests.forget(peer)

    def _perform(self, actions: Sequence[Action]) -> list[PieceDownload]:
        """Carry out actions, under the lock; returns pieces to be verified outside of it.

        A peer's messages are sent together: while a connection is new, TCP lets only ten packets
        out until the first is acknowledged, however small they are.
        """
        pieces: list[PieceDownload] = []
        connections = self._peer_list.connections
        for key, messages in _messages(actions).items():
            if key in connections:
                connections[key].send(messages)
        for action in actions:
            match action:
                case Announce(message, later=later):
                    data = encode(message)
                    for connection in map(connections.get, later):
                        if connection is not None:
                            connection.send_later(data)
                case Close(key, reason) if key in connections:
                    connections[key].close(reason)
                case Ban(key, reason):
                    self._peer_list.ban(key, reason)
                case Verify(_, download):
                    pieces.append(download)
        return pieces

    # --- rate limits ------------------------------------------------------------------------
    def upload_requests(self) -> list[BandwidthRequest]:
        """See RequestPipeline."""
        connected = self._connected() if self._throttle.up.limited else []
        return self._requests.upload_requests(connected)

    def download_requests(self) -> list[BandwidthRequest]:
        """See RequestPipeline."""
        is_limited = self._throttle.down.limited and not self.complete
        connected = self._connected() if is_limited else []
        return self._requests.download_requests(connected, self._clock())

    def lift_limit(self) -> None:
        """Apply a changed limit: blocks that it held back may be sent now."""
        for peer in self._connected():
            peer.allow(0)

    def _connected(self) -> list[Connection]:
        if not self._peer_list.connections:
            return []
        with self._lock:
            return list(self._peer_list.connections.values())

    # --- for the owner ----------------------------------------------------------------------
    def _completed(self) -> None:
        self._owner.on_complete(self)

    def _fail(self, error: MinitorrentError) -> None:
        if not self._stopped:
            self._owner.on_failed(self, error)

    def _damaged(self) -> None:
        if not self._stopped:
            self._owner.on_damaged(self)


def _messages(actions: Sequence[Action]) -> dict[int, bytes]:
    """Return the messages to send now, encoded, by peer."""
    found: defaultdict[int, bytes] = defaultdict(bytes)
    for action in actions:
        match action:
            case Send(key, message):
                found[key] += encode(message)
            case Announce(message, soon=soon):
                data = encode(message)
                for key in soon:
                    found[key] += data
    return found
