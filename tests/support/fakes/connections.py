"""Peers without sockets and threads: connections that a test drives, and the other ends.

`FakeConnection` satisfies `client.net.connection.Connection`. What the peer sends is given to
`receive`, and goes through the product's own decoder to the torrent, as a reader thread would do
it; what the torrent sends is in `received`. `Seeder` is the other end of one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from client.core.admission.route import Route
from client.core.bandwidth.throttle import BandwidthChannel
from client.core.bandwidth.upload_turns import Allowance
from client.core.protocol.peer_stream_decoder import (
    HavesReceived,
    MessageReceived,
    PeerStreamDecoder,
    RequestsReceived,
)
from client.net.peers.connection import PeerHandler
from client.net.transports.blocks import BlockSource
from client.net.transports.group_tls import Membership
from client.net.transports.transport import Encryption, Transport
from common.metainfo import Metainfo
from common.types import Block, BlockRun, Endpoint, InfoHash, PeerId, PieceIndex
from common.wire.codec import encode
from common.wire.handshake import Handshake, client_name
from common.wire.messages import Have, HaveAll, Message, Request, Unchoke, WireError
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import alone, blocks_of
from tests.support.swarm.scatter import fill

PEER = PeerId(b"-MI0100-pppppppppppp")
"""The default peer id."""


class FakeTransport:
    """A Transport that receives nothing; `sent` has the sent bytes."""

    encryption = Encryption.NONE
    overhead = 0
    staging: memoryview | None = None
    most_blocks = 64

    def __init__(self, membership: Membership | None = None) -> None:
        self.membership = membership
        self.route = Route.DIRECT
        self.sent = b""
        self.is_closed = False

    def set_time_limit(self, seconds: float | None) -> None: ...

    def receive(self, buffers: Sequence[memoryview]) -> int:
        return 0

    def send(self, buffers: list[bytes | memoryview]) -> None:
        self.sent += b"".join(buffers)

    def send_blocks(self, control: bytes, runs: Sequence[BlockRun], source: BlockSource) -> None:
        raise AssertionError("connections of tests send no blocks by themselves")

    def send_at_once(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def close(self) -> None:
        self.is_closed = True

    def release(self) -> None: ...


class FakeConnection:
    """A Connection without threads: the test decides what arrives, and when it ends."""

    def __init__(
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
        has_threads: bool = True,
    ) -> None:
        self.key = key
        self.endpoint = endpoint
        self.handshake = handshake
        self.incoming = incoming
        self.route = transport.route
        self.membership = transport.membership
        self.encryption = transport.encryption
        self.user = self.membership.user if self.membership else None
        self.client = client_name(handshake.peer_id)
        self.decoder = PeerStreamDecoder()
        self.close_reason: str | None = None
        self.payload_sent = 0
        self.source = source
        self.waiting: list[Block] = []  # requests of the peer
        self.allowed = 0
        self.has_started = self.has_ended = False
        self._channel = channel
        self._handler = handler
        self._has_threads = has_threads
        self._sent = b""
        self.sends = 0  # how often something was sent

    # --- Connection -------------------------------------------------------------------------
    @property
    def carried(self) -> int:
        return self.decoder.payload + self.payload_sent

    @property
    def is_held_back(self) -> bool:
        return bool(self.waiting) and not self.allowed

    def start(self) -> None:
        if not self._has_threads:
            raise RuntimeError("can't start new thread")
        self.has_started = True

    def join(self, timeout: float) -> bool:
        self.end()
        return True

    def close(self, reason: str) -> None:
        if self.close_reason is None:
            self.close_reason = reason

    def send(self, data: bytes) -> None:
        self.sends += 1
        self._sent += data

    def send_later(self, data: bytes) -> None:
        self._sent += data

    def flush(self) -> None: ...

    @property
    def waiting_blocks(self) -> int:
        return len(self.waiting)

    def send_blocks(self, runs: Sequence[BlockRun]) -> int:
        self.waiting += blocks_of(runs)
        return len(self.waiting)

    def withdraw_block(self, block: Block) -> bool:
        if block not in self.waiting:
            return False
        self.waiting.remove(block)
        return True

    @property
    def next_piece(self) -> int | None:
        return self.waiting[0].piece if self.waiting else None

    def withdraw_blocks(self, keep: int) -> list[BlockRun]:
        withdrawn, self.waiting = self.waiting, []
        return alone(withdrawn)

    def allow(self, blocks: int) -> Allowance:
        rest = self.waiting[self.allowed :]
        same = list(takewhile(lambda block: block.piece == rest[0].piece, rest))
        passed = same[:blocks]
        self.allowed += len(passed)
        return Allowance(
            len(passed),
            sum(block.length for block in passed),
            ends_piece=len(passed) == len(same) < len(rest),
        )

    # --- the other end ----------------------------------------------------------------------
    def receive(self, *said: Message | bytes) -> None:
        """Deliver these messages as `PeerConnection` does; a violation ends it."""
        data = b"".join(one if isinstance(one, bytes) else encode(one) for one in said)
        try:
            while data and self.close_reason is None:
                count = fill(self.decoder.buffers(), data)
                data = data[count:]
                self._handler.on_received(self, self.decoder.advance(count), count)
        except WireError as error:
            self.close(f"violated the protocol: {error}")
        if self.close_reason is not None:
            self.end()

    def answer(self) -> int:
        """Send the waiting blocks, as the writer thread does; returns how many bytes."""
        sent, self.waiting = self.waiting, []
        payload = sum(block.length for block in sent)
        self.payload_sent += payload
        self._handler.on_sent(self, payload)
        return payload

    def end(self) -> None:
        """End the connection and both threads; does nothing if they have ended."""
        if self.has_ended or not self.has_started:
            return
        self.has_ended = True
        self.close("closed by the peer")
        self._handler.on_closed(self)

    @property
    def received(self) -> list[Message]:
        """The torrent's messages since the last call."""
        data, self._sent = self._sent, b""
        decoder, messages = PeerStreamDecoder(), list[Message]()
        while data:
            count = fill(decoder.buffers(), data)
            data = data[count:]
            for event in decoder.advance(count):
                if isinstance(event, MessageReceived):
                    messages.append(event.message)
                elif isinstance(event, HavesReceived):
                    messages += map(Have, event.pieces)
                elif isinstance(event, RequestsReceived):
                    messages += [Request(*block) for block in blocks_of(event.runs)]
        return messages


class FakeConnections:
    """A ConnectionFactory; `made` are its connections. Without `has_threads`, none can start."""

    def __init__(self) -> None:
        self.made: list[FakeConnection] = []
        self.has_threads = True

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
    ) -> FakeConnection:
        connection = FakeConnection(
            key,
            transport,
            endpoint,
            handshake,
            handler,
            source,
            channel,
            incoming=incoming,
            has_threads=self.has_threads,
        )
        self.made.append(connection)
        return connection


class Seeder:
    """Has the whole content, and answers requests; `lies` are its wrong pieces."""

    def __init__(
        self,
        connection: FakeConnection,
        metainfo: Metainfo,
        content: bytes,
        lies: Iterable[int] = (),
    ) -> None:
        self.connection = connection
        self.asked: list[Request] = []
        self._geometry = metainfo.geometry
        self._content = content
        self._lies = frozenset(lies)

    def offer(self) -> None:
        """Send HaveAll and Unchoke."""
        self.connection.receive(HaveAll(), Unchoke())

    def listen(self) -> list[Request]:
        """Return the requests that it has not answered yet."""
        self.asked += [one for one in self.connection.received if isinstance(one, Request)]
        return self.asked

    def give(self, pieces: int | None = None) -> None:
        """Answer requests until none is left, or it has sent so many whole pieces."""
        given = 0
        while (pieces is None or given < pieces) and self.listen():
            piece = self.asked[0].piece
            mine = [one for one in self.asked if one.piece == piece]
            self.asked = [one for one in self.asked if one.piece != piece]
            self.connection.receive(*map(self.block, mine))
            given += 1

    def block(self, request: Request) -> bytes:
        """Return the encoded answer to a request."""
        block = Block(PieceIndex(request.piece), request.begin, request.length)
        start = self._geometry.offset(block.piece) + block.begin
        payload = self._content[start : start + block.length]
        if block.piece in self._lies:
            payload = bytes(len(payload))
        return piece_header(block) + payload


def handshake_for(info_hash: InfoHash, peer_id: PeerId = PEER, *, fast: bool = True) -> Handshake:
    return Handshake(info_hash, peer_id, fast=fast)
