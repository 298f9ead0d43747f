"""A whole swarm on a virtual clock: the client's own `Swarm`, with links instead of sockets.

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

from client.core.actions import Action, Close, Send
from client.core.goal import Goal
from client.core.piece_download import PieceDownload
from client.core.swarm import Swarm
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE, Block, PieceIndex
from common.wire.messages import Cancel, Choke, Message, Reject, Request

LATENCY = 0.02
"""Seconds from one node to another."""

TICK = 1.0
REFILL_AT = 0.75
"""As the engine does."""


class Memory:
    """Room for any number of pieces, whose bytes nobody looks at."""

    def __init__(self, piece_length: int) -> None:
        self.view = memoryview(bytearray(piece_length))

    def take(self, size: int) -> Memory:
        lent = Memory(0)
        lent.view = self.view[:size]
        return lent

    def give_back(self, buffer: Memory) -> None:
        pass


class Network:
    """The clock, the nodes, and what is under way between them."""

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

    def add(self, *, upload: float, complete: bool, goal: Goal | None = None) -> Node:
        """A node that sends `upload` bytes a second; all nodes are connected to each other."""
        node = Node(self, len(self.nodes), upload, complete=complete, goal=goal)
        self.nodes.append(node)
        return node

    def connect_all(self) -> None:
        pairs = list(itertools.combinations(self.nodes, 2))
        self.rng.shuffle(pairs)
        for one, other in pairs:
            one.join(other)
            other.join(one)

    def run(self, limit: float) -> None:
        """Until every node has everything; raises AssertionError when that takes too long."""
        for node in self.nodes:
            self.after(self.rng.random() * TICK, node.tick)
        while not all(node.finished_at is not None for node in self.nodes):
            assert self.now < limit, f"only {sum(n.swarm.complete for n in self.nodes)} have it all"
            self.now, _, event = heapq.heappop(self._events)
            event()


class Node:
    """One client: its swarm, what it expects from each peer, what it has to send to each."""

    def __init__(
        self, network: Network, key: int, upload: float, *, complete: bool, goal: Goal | None
    ) -> None:
        self.key = key
        self.piece_at: dict[int, float] = {}  # when each piece was there
        self.upload = upload
        self.finished_at: float | None = 0.0 if complete else None
        self.wasted = 0
        self._network = network
        count = network.geometry.piece_count
        have = Bitfield.full(count) if complete else Bitfield(count)
        rng = Random(network.rng.random())
        self.swarm = Swarm(network.geometry, b"", have, network.memory, rng, 0.0, goal=goal)
        self._expected: dict[int, dict[Block, PieceDownload]] = {}
        self._waiting: dict[int, deque[Block]] = {}
        self._turns: deque[int] = deque()  # who has blocks waiting, next one first
        self._sending = False

    # --- coming and going ---
    def join(self, other: Node) -> None:
        self._expected[other.key] = {}
        self._waiting[other.key] = deque()
        actions = self.swarm.join(other.key, fast=True, now=self._network.now)
        self.perform(actions + self.swarm.confirm(other.key))

    def leave(self, key: int) -> None:
        if key in self._expected:
            self.swarm.leave(key)
            del self._expected[key]
            self._waiting[key].clear()

    def tick(self) -> None:
        self.perform(self.swarm.tick(self._network.now))
        for key in list(self._expected):
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
                    if isinstance(message, Choke):
                        refused = [(nodes[key], Reject(*block)) for block in self._waiting[key]]
                        messages += refused
                        self._waiting[key].clear()
                case Close(key, _):
                    self.leave(key)
                    self._network.after(LATENCY, partial(nodes[key].leave, self.key))
        if messages:
            self._network.after(LATENCY, lambda: self._hand_over(messages))

    def _hand_over(self, messages: Sequence[tuple[Node, Message]]) -> None:
        for node, message in messages:
            node.hear(self.key, message)

    def hear(self, key: int, message: Message) -> None:
        if key not in self._expected:
            return
        match message:
            case Reject(piece, begin, length):
                self._hear_reject(key, Block(PieceIndex(piece), begin, length))
            case Cancel(piece, begin, length):
                block = Block(PieceIndex(piece), begin, length)
                if block in self._waiting[key]:
                    self._waiting[key].remove(block)
            case _:
                self.perform(self.swarm.receive(key, message))
                self.refill(key)

    def _hear_reject(self, key: int, block: Block) -> None:
        download = self._expected[key].pop(block, None)
        if download is not None:
            download.withdraw(block.begin // BLOCK_SIZE)
            self.perform(self.swarm.rejected(key, download))

    # --- fetching ---
    def refill(self, key: int) -> None:
        peer = self.swarm.peers.get(key)
        if peer is None or peer.peer_choking or not peer.wanted:
            return
        now, expected = self._network.now, self._expected[key]
        if len(expected) > peer.window(self.swarm.limits, now) * REFILL_AT:
            return
        requests = []
        for assignment in self.swarm.assign(key, len(expected), now):
            for number in assignment.numbers:
                block = assignment.download.block(number)
                expected[block] = assignment.download
                requests.append(Request(*block))
        if requests:
            node = self._network.nodes[key]
            self._network.after(LATENCY, lambda: node.hear_requests(self.key, requests))

    def take(self, key: int, block: Block) -> None:
        """A block has come."""
        if key not in self._expected:
            return
        download = self._expected[key].pop(block, None)
        if download is None:
            self.wasted += block.length
            return
        now = self._network.now
        download.receive(block.begin // BLOCK_SIZE)
        peer = self.swarm.peers[key]
        peer.heard_at = now
        peer.down.add(block.length)
        self.swarm.progressed(key, now)
        if download.complete and self.swarm.piece_received(key, download):
            self._finish(download)
        self.refill(key)

    def _finish(self, download: PieceDownload) -> None:
        actions = self.swarm.verified(download)
        self.piece_at.setdefault(download.index, self._network.now)
        for key, peer in self.swarm.peers.items():
            for cancelled in list(peer.cancelled):
                for block in cancelled.requested():
                    del self._expected[key][block]
                self.swarm.piece_dropped(key, cancelled)
        if self.swarm.complete and self.finished_at is None:
            self.finished_at = self._network.now
        self.perform(actions)

    # --- serving ---
    def hear_requests(self, key: int, requests: Sequence[Request]) -> None:
        if key not in self._expected:
            return
        blocks, actions = self.swarm.requested(key, requests)
        self.perform(actions)
        self._waiting[key].extend(blocks)
        if blocks and key not in self._turns:
            self._turns.append(key)
        self._send_next()

    def _send_next(self) -> None:
        while not self._sending and self._turns:
            key = self._turns.popleft()
            if self._waiting[key]:
                self._sending = True
                block = self._waiting[key].popleft()
                self._turns.append(key)
                sent = partial(self._sent, key, block)
                self._network.after(block.length / self.upload, sent)

    def _sent(self, key: int, block: Block) -> None:
        self._sending = False
        peer = self.swarm.peers.get(key)
        if peer is not None:
            peer.up.add(block.length)
            node = self._network.nodes[key]
            self._network.after(LATENCY, lambda: node.take(self.key, block))
        self._send_next()
