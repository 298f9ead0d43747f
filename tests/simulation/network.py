"""A whole swarm on a virtual clock: the client's own protocol, with links instead of sockets.

Every node sends one block at a time, in turn to all that wait for one, at its upload rate; whatever
is sent arrives after the latency. Downloading is not limited and no piece is ever wrong.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from client.core.protocol.peer_protocol import PeerProtocol
from client.core.protocol.peer_stream_decoder import (
    MessageReceived,
    PieceDropped,
    PieceReceived,
    RequestsReceived,
    StreamEvent,
)
from client.core.swarm.actions import Action, Close, Send, Verify
from client.core.swarm.piece_download import PieceDownload, Slots
from client.core.swarm.swarm import Swarm
from client.core.transfers.piece_selection import PieceSelection
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE, Block
from common.wire.messages import Message
from tests.support.runs import one
from tests.unit.client.core.protocol.downloader import Waiting

LATENCY = 0.02
"""Seconds from one node to another."""

TICK = 1.0


class Memory:
    """Buffers for any number of pieces, whose bytes nobody reads."""

    def __init__(self, piece_length: int) -> None:
        self.view = memoryview(bytearray(piece_length))

    @property
    def slots(self) -> Slots:
        raise AssertionError("nothing is read here")

    def take(self, size: int) -> Memory:
        lent = Memory(0)
        lent.view = self.view[:size]
        return lent

    def give_back(self, buffer: Memory) -> None:
        pass


class Network:
    """The clock, the nodes, and the messages in flight between them."""

    def __init__(self, geometry: Geometry, seed: int) -> None:
        self.geometry = geometry
        self.rng = Random(seed)
        self.memory = Memory(geometry.piece_length)
        self.now = 0.0
        self.nodes: list[Node] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), event))

    def add(
        self, *, upload: float, complete: bool, selection: PieceSelection | None = None
    ) -> Node:
        """A node that sends `upload` bytes a second; all nodes are connected to each other."""
        node = Node(self, len(self.nodes), upload, complete=complete, selection=selection)
        self.nodes.append(node)
        return node

    def connect_all(self) -> None:
        pairs = list(itertools.combinations(self.nodes, 2))
        self.rng.shuffle(pairs)
        for node, other in pairs:
            node.join(other)
            other.join(node)

    def run(self, limit: float) -> None:
        """Run until every node has everything; raises AssertionError if that takes too long."""
        for node in self.nodes:
            self.after(self.rng.random() * TICK, node.tick)
        while not all(node.finished_at is not None for node in self.nodes):
            assert self.now < limit, f"only {sum(n.swarm.complete for n in self.nodes)} have it all"
            self.now, _, event = heapq.heappop(self._events)
            event()


class Link:
    """A node's expected blocks from one peer (an IncomingStream), and its queue to that peer."""

    def __init__(self) -> None:
        self.payload = 0
        self.wasted = 0
        self.uploads = Waiting()
        self._expected: dict[Block, PieceDownload] = {}

    @property
    def outstanding(self) -> int:
        return len(self._expected)

    def expect(self, download: PieceDownload, numbers: range) -> None:
        for number in numbers:
            self._expected[download.block(number)] = download

    def withdraw(self, piece: int, begin: int) -> PieceDownload | None:
        for block, download in self._expected.items():
            if (block.piece, block.begin) == (piece, begin):
                del self._expected[block]
                download.withdraw(begin // BLOCK_SIZE)
                return download
        return None

    def forget(self) -> None:
        raise AssertionError("all nodes know BEP 6")

    def take(self, block: Block) -> list[StreamEvent]:
        """Receive a block; return the events."""
        download = self._expected.pop(block, None)
        if download is None:
            self.wasted += block.length
            return []
        download.receive(one(block.begin // BLOCK_SIZE))
        self.payload += block.length
        return [PieceReceived(download)] if download.complete else []

    def drop_cancelled(self) -> list[StreamEvent]:
        """Drop cancelled requests; return the events."""
        cancelled = {d.index: d for d in self._expected.values() if d.cancelled}
        self._expected = {b: d for b, d in self._expected.items() if not d.cancelled}
        return [PieceDropped(download) for download in cancelled.values()]


class Node:
    """One client."""

    def __init__(
        self,
        network: Network,
        key: int,
        upload: float,
        *,
        complete: bool,
        selection: PieceSelection | None,
    ) -> None:
        self.key = key
        self.piece_at: dict[int, float] = {}  # when each piece arrived
        self.upload = upload
        self.finished_at: float | None = 0.0 if complete else None
        self._network = network
        count = network.geometry.piece_count
        have = Bitfield.full(count) if complete else Bitfield(count)
        rng = Random(network.rng.random())
        self.swarm = Swarm(network.geometry, have, network.memory, rng, 0.0, selection=selection)
        self._protocol = PeerProtocol(self.swarm, b"")
        self._links: dict[int, Link] = {}
        self._wasted = 0  # of links that have ended
        self._uploading: deque[int] = deque()  # peers with waiting blocks, the next one first
        self._sending = False

    @property
    def wasted(self) -> int:
        """Wasted payload bytes."""
        return self._wasted + sum(link.wasted for link in self._links.values())

    # --- joining and leaving ---
    def join(self, other: Node) -> None:
        link = self._links[other.key] = Link()
        now = self._network.now
        self.perform(self._protocol.join(other.key, link, link.uploads, fast=True, now=now))
        self.perform(self._protocol.confirm(other.key))

    def leave(self, key: int) -> None:
        if key in self._links:
            self.swarm.leave(key)
            self._wasted += self._links.pop(key).wasted

    def tick(self) -> None:
        self.perform(self.swarm.tick(self._network.now))
        for key in list(self._links):
            self.refill(key)
        self._network.after(TICK, self.tick)

    # --- messages ---
    def perform(self, actions: Sequence[Action]) -> None:
        nodes = self._network.nodes
        messages = []
        for action in actions:
            match action:
                case Send(key, message):
                    messages.append((nodes[key], message))
                case Close(key, _):
                    self.leave(key)
                    self._network.after(LATENCY, partial(nodes[key].leave, self.key))
                case Verify(_, download):
                    self._finish(download)
        if messages:
            self._network.after(LATENCY, lambda: self._hand_over(messages))

    def _hand_over(self, messages: Sequence[tuple[Node, Message]]) -> None:
        for node, message in messages:
            node.on_events(self.key, [MessageReceived(message)])

    def on_events(self, key: int, events: Sequence[StreamEvent]) -> None:
        if not self._protocol.record_received(key, self._network.now, has_message=bool(events)):
            return
        for event in events:
            if key in self._links:
                self.perform(self._protocol.receive(key, event))
        self._take_turn(key)
        self.refill(key)

    # --- downloading ---
    def refill(self, key: int) -> None:
        now = self._network.now
        if not self._protocol.needs_requests(key, now):
            return
        requests = self._protocol.request(key, now)
        if requests:
            node = self._network.nodes[key]
            self._network.after(
                LATENCY, lambda: node.on_events(self.key, [RequestsReceived(requests)])
            )

    def take(self, key: int, block: Block) -> None:
        """Receive a block."""
        if key in self._links:
            self.on_events(key, self._links[key].take(block))

    def _finish(self, download: PieceDownload) -> None:
        actions = self.swarm.verified(download)
        self.piece_at.setdefault(download.index, self._network.now)
        for key, link in self._links.items():
            for event in link.drop_cancelled():
                self._protocol.receive(key, event)
        if self.swarm.complete and self.finished_at is None:
            self.finished_at = self._network.now
        self.perform(actions)

    # --- uploading ---
    def _take_turn(self, key: int) -> None:
        if key in self._links and self._links[key].uploads.blocks and key not in self._uploading:
            self._uploading.append(key)
        self._send_next()

    def _send_next(self) -> None:
        while not self._sending and self._uploading:
            key = self._uploading.popleft()
            if key in self._links and self._links[key].uploads.blocks:
                self._sending = True
                block = self._links[key].uploads.blocks.pop(0)
                self._uploading.append(key)
                sent = partial(self._sent, key, block)
                self._network.after(block.length / self.upload, sent)

    def _sent(self, key: int, block: Block) -> None:
        self._sending = False
        self.swarm.payload_sent(key, block.length)
        if key in self._links:
            node = self._network.nodes[key]
            self._network.after(LATENCY, lambda: node.take(self.key, block))
        self._send_next()
