"""A whole swarm on a virtual clock: the client's own protocol, with links instead of sockets.

Every node sends one block at a time, at its upload rate: as under an upload limit, a piece to each
peer in turn, or, `limited` being False, a block to each in turn, as a line is shared that is no
faster. Whatever is sent arrives after the latency, and blocks no faster than the receiver's
download rate. No piece is ever wrong.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import inf
from random import Random

from client.core.bandwidth.throttle import BandwidthChannel, TokenBucket
from client.core.bandwidth.upload_turns import Allowance, UploadTurns
from client.core.protocol.peer_protocol import PeerProtocol
from client.core.protocol.peer_stream_decoder import (
    HavesReceived,
    MessageReceived,
    RequestsReceived,
    StreamEvent,
)
from client.core.swarm.actions import Action, Announce, Close, Send, Verify
from client.core.swarm.piece_download import PieceDownload
from client.core.swarm.swarm import Swarm
from client.core.transfers.piece_selection import PieceSelection
from client.net.tracker.announcer import LONELY_INTERVAL
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import Block, PieceIndex
from common.wire.messages import Cancel, Have, Unchoke
from tests.simulation.links import Link, Memory
from tracker.services.sharing.announce import SESSION_INTERVAL

LATENCY = 0.02
"""Seconds from one node to another."""

TICK = 1.0


class Network:
    """The clock, the nodes, and the messages in flight between them."""

    def __init__(
        self, geometry: Geometry, seed: int, latency: float = LATENCY, *, limited: bool = True
    ) -> None:
        self.geometry = geometry
        self.turn = geometry.block_count(PieceIndex(0)) if limited else 1  # in blocks
        self.rng = Random(seed)
        self.memory = Memory()
        self.latency = latency
        self.now = 0.0
        self.unfinished = 0
        self.nodes: list[Node] = []
        self._listed = self._most = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), event))

    def add(
        self,
        *,
        upload: float,
        complete: bool,
        download: float = inf,
        selection: PieceSelection | None = None,
        rides_free: bool = False,
    ) -> Node:
        """A node that sends `upload` and receives `download` bytes a second.

        One that `rides_free` unchokes nobody.
        """
        node = Node(
            self,
            len(self.nodes),
            upload,
            download,
            complete=complete,
            selection=selection,
            rides_free=rides_free,
        )
        self.nodes.append(node)
        return node

    def connect_all(self) -> None:
        """Connect all nodes to each other."""
        pairs = list(itertools.combinations(self.nodes, 2))
        self.rng.shuffle(pairs)
        for node, other in pairs:
            connect(node, other)

    def connect_some(self, listed: int, most: int) -> None:
        """Have every node dial `listed` others, while both have fewer than `most` connections.

        Nodes that lack something do so again once they have lost a connection: as often as clients
        announce, or sooner while they have none.
        """
        order = list(self.nodes)
        self.rng.shuffle(order)
        self._listed, self._most = listed, most
        for node in order:
            self.dial_some(node)

    def dial_some(self, node: Node) -> None:
        """Have a node dial others that the tracker lists."""
        there = [other for other in self.nodes if not other.gone]
        for other in self.rng.sample(there, min(len(there), self._listed + 1)):
            is_new = other is not node and not node.is_connected(other)
            if is_new and max(node.connections, other.connections) < self._most:
                connect(node, other)

    def run(self, limit: float) -> None:
        """Run until every node has everything; raises AssertionError if that takes too long."""
        for node in self.nodes:
            self.after(self.rng.random() * TICK, node.tick)
        self.unfinished = sum(node.finished_at is None for node in self.nodes)
        events, pop = self._events, heapq.heappop
        while self.unfinished:
            assert self.now < limit, f"{self.unfinished} of {len(self.nodes)} lack something"
            self.now, _, event = pop(events)
            event()


def connect(node: Node, other: Node) -> None:
    """Connect two nodes."""
    node.join(other)
    other.join(node)


class Node:
    """One client."""

    def __init__(
        self,
        network: Network,
        key: int,
        upload: float,
        download: float,
        *,
        complete: bool,
        selection: PieceSelection | None,
        rides_free: bool,
    ) -> None:
        self.key = key
        self.piece_at: dict[int, float] = {}  # when each piece arrived
        self.upload = upload
        self.rides_free = rides_free
        self.finished_at: float | None = 0.0 if complete else None
        self.on_finished: Callable[[Node], None] = lambda _: None
        self.on_sent: Callable[[Node], None] = lambda _: None
        self._seconds_a_byte = 1 / download
        self._download_free_at = 0.0
        self._network = network
        count = network.geometry.piece_count
        have = Bitfield.full(count) if complete else Bitfield(count)
        rng = Random(network.rng.random())
        self.swarm = Swarm(network.geometry, have, network.memory, rng, 0.0, selection=selection)
        self._protocol = PeerProtocol(self.swarm, b"")
        self._links: dict[int, Link] = {}
        self._wasted = 0  # of links that have ended
        limit = BandwidthChannel(TokenBucket(int(upload), 0.0), TokenBucket(0, 0.0))
        self._turns = UploadTurns(network.turn, limit)
        self._uploading: set[int] = set()  # peers with waiting blocks
        self._asked_at = 0.0  # when the tracker listed others
        self._has_lost = False  # a connection
        self.sending = False
        self.gone = False

    @property
    def wasted(self) -> int:
        """Wasted payload bytes."""
        return self._wasted + sum(link.wasted for link in self._links.values())

    @property
    def connections(self) -> int:
        return len(self._links)

    # --- joining and leaving ---
    def is_connected(self, other: Node) -> bool:
        return other.key in self._links

    def join(self, other: Node) -> None:
        link = self._links[other.key] = Link()
        now = self._network.now
        self.perform(self._protocol.join(other.key, link, link.uploads, fast=True, now=now))
        self.perform(self._protocol.confirm(other.key))

    def lose(self, key: int) -> None:
        """Lose the connection to a node."""
        if key in self._links:
            self._wasted += self._links.pop(key).wasted
            self._has_lost = True
            self.swarm.leave(key)

    def leave(self) -> None:
        """Close all connections, for good."""
        self.gone = True
        nodes = self._network.nodes
        for key in list(self._links):
            self.lose(key)
            self._network.after(self._network.latency, partial(nodes[key].lose, self.key))

    def give_up(self) -> None:
        """Leave without everything."""
        if self.finished_at is None:
            self.finished_at = self._network.now
            self._network.unfinished -= 1
        self.leave()

    def tick(self) -> None:
        if self.gone:
            return
        now = self._network.now
        pause = SESSION_INTERVAL if self._links else LONELY_INTERVAL
        is_due = now >= self._asked_at + pause and (self._has_lost or not self._links)
        if is_due and self.finished_at is None:
            self._asked_at = now
            self._network.dial_some(self)
        self.perform(self.swarm.tick(now))
        for key, peer in list(self.swarm.peers.items()):
            if not peer.peer_choking:
                self.refill(key)
        self._network.after(TICK, self.tick)

    # --- messages ---
    def perform(self, actions: Sequence[Action]) -> None:
        nodes = self._network.nodes
        messages: list[tuple[Iterable[int], StreamEvent]] = []
        for action in actions:
            match action:
                case Send(key, message):
                    if type(message) is Cancel:
                        self._drop_cancelled(key)
                    if not (self.rides_free and isinstance(message, Unchoke)):
                        messages.append(((key,), MessageReceived(message)))
                case Announce(Have(piece), soon, later):
                    messages.append((soon + later, HavesReceived([piece])))
                case Close(key, _):
                    self.lose(key)
                    self._network.after(self._network.latency, partial(nodes[key].lose, self.key))
                case Verify(_, download):
                    self._finish(download)
        if messages:
            self._network.after(self._network.latency, lambda: self._hand_over(messages))

    def _drop_cancelled(self, key: int) -> None:
        for event in self._links[key].drop_cancelled():
            self._protocol.receive(key, event)

    def _hand_over(self, messages: Sequence[tuple[Iterable[int], StreamEvent]]) -> None:
        nodes = self._network.nodes
        for keys, event in messages:
            for key in keys:
                nodes[key].hear(self.key, event)

    def hear(self, key: int, event: StreamEvent) -> None:
        """Receive a message; most are haves, so it does nothing more than it must."""
        peer = self.swarm.peers.get(key)
        if peer is None:
            return
        now = peer.received_at = self._network.now  # as the protocol records it, without blocks
        actions = self._protocol.receive(key, event)
        if actions:
            self.perform(actions)
        if not peer.peer_choking and self._protocol.needs_requests(key, now):
            self._request(key)

    def on_events(self, key: int, events: Sequence[StreamEvent]) -> None:
        if not self._protocol.record_received(key, self._network.now, has_message=bool(events)):
            return
        for event in events:
            if key in self._links:
                self.perform(self._protocol.receive(key, event))
        self.refill(key)

    # --- downloading ---
    def refill(self, key: int) -> None:
        if self._protocol.needs_requests(key, self._network.now):
            self._request(key)

    def _request(self, key: int) -> None:
        requests = self._protocol.request(key, self._network.now)
        if requests:
            node = self._network.nodes[key]
            self._network.after(
                self._network.latency,
                lambda: node.take_requests(self.key, RequestsReceived(requests)),
            )

    def arrive(self, key: int, block: Block) -> None:
        """Receive a block, after those that arrived before it."""
        now = self._network.now
        self._download_free_at = done = (
            max(now, self._download_free_at) + block.length * self._seconds_a_byte
        )
        if done > now:
            self._network.after(done - now, partial(self._take, key, block))
        else:
            self._take(key, block)

    def _take(self, key: int, block: Block) -> None:
        if key in self._links:
            self.on_events(key, self._links[key].take(block))
        else:
            self._wasted += block.length

    def _finish(self, download: PieceDownload) -> None:
        actions = self.swarm.verified(download)
        self.piece_at.setdefault(download.index, self._network.now)
        self.perform(actions)
        if self.swarm.complete and self.finished_at is None:
            self.finished_at = self._network.now
            self._network.unfinished -= 1
            self.on_finished(self)

    # --- uploading ---
    def idle_because(self) -> str:
        """Say why nothing is being sent."""
        peers = self.swarm.peers.values()
        if not any(peer.peer_interested for peer in peers):
            return "nobody wants anything"
        if any(peer.peer_interested and peer.am_choking for peer in peers):
            return "served peers request nothing, others are choked"
        return "served peers request nothing"

    def take_requests(self, key: int, requests: RequestsReceived) -> None:
        """Receive requests, and answer them when it is their turn."""
        self.on_events(key, [requests])
        if key in self._links and self._links[key].uploads.waiting_blocks:
            self._uploading.add(key)
            self._send_next()

    def _send_next(self) -> None:
        while not self.sending and self._uploading:
            key = self._turns.next(self._uploading)
            link = self._links.get(key)
            if link is None or not link.uploads.waiting_blocks:
                self._uploading.discard(key)
                continue
            self.sending = True
            block = link.uploads.take()
            ends = link.uploads.next_piece not in (None, block.piece)
            self._turns.record(key, Allowance(1, block.length, ends_piece=ends))
            self._network.after(block.length / self.upload, partial(self._sent, key, block))

    def _sent(self, key: int, block: Block) -> None:
        self.sending = False
        self.swarm.payload_sent(key, block.length)
        if key in self._links:
            node = self._network.nodes[key]
            self._network.after(self._network.latency, partial(node.arrive, self.key, block))
        self._send_next()
        self.on_sent(self)
