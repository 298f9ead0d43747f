"""A peer's connection as a torrent uses it; `peer_io.PeerConnection` is one over a Transport."""

from __future__ import annotations

from typing import Protocol

from client.core.admission.route import Route
from client.core.bandwidth.throttle import BandwidthChannel
from client.core.bandwidth.upload_turns import Allowance
from client.core.protocol.peer_stream_decoder import PeerStreamDecoder, StreamEvent
from client.core.swarm.peer import UploadQueue
from client.net.transports.blocks import BlockSource
from client.net.transports.group_tls import Membership
from client.net.transports.transport import Encryption, Transport
from common.types import Endpoint
from common.wire.handshake import Handshake


class Connection(UploadQueue, Protocol):
    """A peer after the handshake.

    `key` identifies it to the swarm; `incoming`: it dialled us; `client` is its client's name.
    `route`: how it came about. `user` is the member it belongs to, once known; `membership` is
    what it has proven, in a sealed group. `close_reason` is None while it is open; `payload_sent`
    counts bytes of blocks.
    """

    key: int
    endpoint: Endpoint
    handshake: Handshake
    incoming: bool
    route: Route
    membership: Membership | None
    user: str | None
    client: str
    decoder: PeerStreamDecoder
    close_reason: str | None
    payload_sent: int

    def __hash__(self) -> int: ...

    @property
    def encryption(self) -> Encryption:
        """What of it is encrypted."""

    @property
    def carried(self) -> int:
        """Payload bytes in both directions: how useful the connection was so far."""

    @property
    def is_held_back(self) -> bool:
        """Whether blocks wait and a rate limit lets none pass."""

    def start(self) -> None:
        """Start to read and write; raises RuntimeError when the system has no thread left."""

    def join(self, timeout: float) -> bool:
        """Wait until it has ended; returns False after `timeout` seconds."""

    def close(self, reason: str) -> None:
        """Close it; returns at once. The first reason counts."""

    def send(self, data: bytes) -> None:
        """Send encoded messages, before any waiting block; never blocks."""

    def send_later(self, data: bytes) -> None:
        """Send encoded messages with the next ones, or by `flush`: they are not worth a packet."""

    def flush(self) -> None:
        """Send what `send_later` has kept."""

    def allow(self, blocks: int) -> Allowance:
        """Permit up to this many more of the waiting blocks, all of one piece.

        With 0, it only applies a limit that has changed.
        """


class PeerHandler(Protocol):
    """Handles a peer's messages."""

    def on_received(self, peer: Connection, events: list[StreamEvent], count: int) -> None:
        """Handle the `events` (often none) of `count` received bytes; in the reader's thread.

        Raises WireError when the peer violates the protocol; that closes the connection.
        """

    def on_sent(self, peer: Connection, payload: int) -> None:
        """Count `payload` block bytes as sent; in the writer's thread."""

    def on_closed(self, peer: Connection) -> None:
        """Handle the end of the connection and of both threads; in the reader's thread."""


class ConnectionFactory(Protocol):
    """Makes a connection of a transport on which handshakes were exchanged; doesn't start it."""

    def __call__(
        self,
        key: int,
        transport: Transport,
        endpoint: Endpoint,
        handshake: Handshake,
        handler: PeerHandler,
        source: BlockSource,
        channel: BandwidthChannel,
        *,
        incoming: bool,
    ) -> Connection: ...
