"""A client's side of a torrent without sockets and threads, and the peers it meets.

`Downloader` carries bytes and actions, as `client.torrent.torrent.Torrent` does; what they mean is
`PeerProtocol`'s. `Remote` is the other end of one connection: it keeps the requests it got and the
bytes that it has sent and we have not read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from random import Random

from client.core.protocol.peer_protocol import PeerProtocol
from client.core.protocol.peer_stream_decoder import PeerStreamDecoder, StreamEvent
from client.core.swarm.actions import Action, Announce, Ban, Close, Send, Verify
from client.core.swarm.piece_download import PieceDownload
from client.core.swarm.swarm import Swarm
from client.core.transfers.piece_selection import PieceSelection
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import Block, PieceIndex
from common.wire.codec import encode
from common.wire.messages import Cancel, Choke, Message, Reject, WireError
from tests.support.swarm.blocks import piece_header
from tests.support.swarm.runs import blocks_of
from tests.support.swarm.scatter import fill
from tests.support.swarm.waiting_blocks import WaitingBlocks
from tests.unit.client.core.protocol.streams import GuardedBuffer


class Pool:
    """A bounded pool of buffers; detects the return of one that is not lent."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.lent: list[GuardedBuffer] = []

    @property
    def _in_use(self) -> int:
        return sum(buffer.size for buffer in self.lent)

    def take(self, size: int) -> GuardedBuffer | None:
        if self._in_use + size > self.budget and len(self.lent) >= 2:
            return None
        self.lent.append(GuardedBuffer(size))
        return self.lent[-1]

    def give_back(self, buffer: GuardedBuffer) -> None:
        self.lent.remove(buffer)
        buffer.view[:] = bytes(buffer.size)  # late use becomes visible


class Remote:
    """A peer. `honest`: its data is right."""

    def __init__(self, key: int, content: bytes, geometry: Geometry, *, fast: bool, honest: bool):
        self.key = key
        self.fast = fast
        self.honest = honest
        self.has: set[int] = set()
        self.choking = True
        self.asked: deque[Block] = deque()
        self.wire = bytearray()
        self.received: list[Message] = []
        self._content = content
        self._geometry = geometry

    def say(self, message: Message) -> None:
        self.wire += encode(message)

    def on_message(self, message: Message) -> None:
        self.received.append(message)
        if isinstance(message, Cancel):
            block = Block(PieceIndex(message.piece), message.begin, message.length)
            if block in self.asked:
                self.asked.remove(block)
                self._refuse([block])

    def hear_request(self, block: Block) -> None:
        assert block.piece in self.has, "asked for what it never offered"
        if self.choking:
            self._refuse([block])
        else:
            assert block not in self.asked or not self.fast, "asked twice"
            self.asked.append(block)

    def choke(self) -> None:
        self.choking = True
        self.say(Choke())
        self._refuse(self.asked)
        self.asked.clear()

    def refuse(self, place: int) -> None:
        block = self.asked[place]
        del self.asked[place]
        self._refuse([block])

    def answer(self, place: int) -> None:
        block = self.asked[place]
        del self.asked[place]
        start = self._geometry.offset(block.piece) + block.begin
        payload = self._content[start : start + block.length]
        self.wire += piece_header(block)
        self.wire += payload if self.honest else bytes(block.length)

    def _refuse(self, blocks: Sequence[Block]) -> None:
        if self.fast:
            for block in blocks:
                self.say(Reject(*block))


class Downloader:
    """One client among its remote peers, on a virtual clock."""

    def __init__(
        self, geometry: Geometry, seed: int, budget: int, selection: PieceSelection | None = None
    ) -> None:
        self.geometry = geometry
        self.content = Random(seed).randbytes(geometry.length)
        self.pool = Pool(budget)
        self.now = 0.0
        self.have = Bitfield(geometry.piece_count)
        self.swarm = Swarm(
            geometry, self.have, self.pool, Random(seed), self.now, selection=selection
        )
        self.protocol = PeerProtocol(self.swarm, b"")
        self.remotes: dict[int, Remote] = {}
        self.decoders: dict[int, PeerStreamDecoder] = {}
        self.waiting: dict[int, WaitingBlocks] = {}
        self.verifying: list[PieceDownload] = []
        self._keys = 0

    # --- coming and going ---
    def join(self, *, fast: bool, honest: bool) -> Remote:
        self._keys += 1
        remote = Remote(self._keys, self.content, self.geometry, fast=fast, honest=honest)
        self.remotes[remote.key] = remote
        decoder, waiting = PeerStreamDecoder(), WaitingBlocks()
        self.decoders[remote.key], self.waiting[remote.key] = decoder, waiting
        self.perform(self.protocol.join(remote.key, decoder, waiting, fast=fast, now=self.now))
        return remote

    def leave(self, key: int) -> None:
        if key in self.remotes:
            del self.remotes[key], self.decoders[key], self.waiting[key]
            self.swarm.leave(key)

    # --- reading ---
    def read(
        self, key: int, limit: int = 2**30, between: Callable[[], None] = lambda: None
    ) -> None:
        """Read once. `between` happens after the bytes were read, before they are judged."""
        remote, decoder = self.remotes[key], self.decoders[key]
        data = bytes(remote.wire[:limit])
        if not data:
            return
        count = fill(decoder.buffers(), memoryview(data))
        del remote.wire[:count]
        try:
            events = decoder.advance(count)
            between()
            self._judge(key, events)
        except WireError:
            self.leave(key)
        self.refill(key)

    def read_all(self, key: int) -> None:
        while key in self.remotes and self.remotes[key].wire:
            self.read(key)

    def _judge(self, key: int, events: list[StreamEvent]) -> None:
        if not self.protocol.record_received(key, self.now, has_message=bool(events)):
            return
        for event in events:
            if key not in self.remotes:  # parted in the middle
                return
            self.perform(self.protocol.receive(key, event))

    # --- what the client does without messages ---
    def perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Send(key, message):
                    if key in self.remotes:
                        self.remotes[key].on_message(message)
                case Announce(message, soon, later):
                    for key in (*soon, *later):
                        if key in self.remotes:
                            self.remotes[key].on_message(message)
                case Ban(key, _):
                    assert key not in self.remotes or not self.remotes[key].honest
                    self.leave(key)
                case Close(key, _):
                    self.leave(key)
                case Verify(_, download):
                    self.verifying.append(download)

    def refill(self, key: int) -> None:
        for block in blocks_of(self.protocol.request(key, self.now)):
            self.remotes[key].hear_request(block)

    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.perform(self.swarm.tick(self.now))
        for key in list(self.remotes):
            self.refill(key)

    def verify(self, place: int = 0) -> None:
        download = self.verifying.pop(place)
        start = self.geometry.offset(download.index)
        right = download.buffer == self.content[start : start + download.size]
        self.perform(self.swarm.verified(download) if right else self.swarm.failed(download))
