"""A torrent without network, threads or waiting: a clock, a dialer, workers, an owner, and peers.

Each satisfies the protocol that `client.torrent.torrent_context` declares for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from client.core.bandwidth.throttle import BandwidthChannel, Throttle, TokenBucket
from client.core.swarm.swarm_config import SwarmConfig
from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.core.transfers.piece_selection import selection_of
from client.net.peers.dialer import Dial
from client.net.tracker.announced import UnidentifiedPeer
from client.net.transports.group_tls import GroupTls
from client.storage.files.torrent_files import TorrentFiles
from client.storage.pieces.buffers import BufferPool
from client.storage.pieces.worker import Job, OnFailure
from client.torrent.ban_list import BanList
from client.torrent.connection_slots import ConnectionSlots
from client.torrent.torrent import Torrent
from client.torrent.torrent_context import TorrentContext
from common.bitfield import Bitfield
from common.errors import MinitorrentError
from common.metainfo import Metainfo
from common.types import Endpoint, PeerId
from tests.support.fakes.connections import (
    PEER,
    FakeConnection,
    FakeConnections,
    FakeTransport,
    Seeder,
    handshake_for,
)

ME = PeerId(b"-MI0100-mmmmmmmmmmmm")
"""Our own peer id."""

PEER_AT = Endpoint("127.0.0.2", 6000)
"""The default address of a peer."""


class Clock:
    """A clock in seconds that only the test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeDialer:
    """A PeerDialer that keeps the `dials`; it is full unless it `accepts`, or has an `error`."""

    def __init__(self) -> None:
        self.accepts = True
        self.error: Exception | None = None
        self.dials: list[Dial] = []

    def dial(self, dial: Dial) -> bool:
        if self.error is not None:
            raise self.error
        if self.accepts:
            self.dials.append(dial)
        return self.accepts

    def take(self) -> list[Dial]:
        """Return what was dialled since it was asked last."""
        taken, self.dials = self.dials, []
        return taken


class FakeWorkers:
    """Workers that run each job at once, or later by `work` while they are `busy`.

    With an `error`, every job fails with it, as when the disk does.
    """

    def __init__(self) -> None:
        self.busy = False
        self.error: Exception | None = None
        self._waiting: list[tuple[Job, OnFailure]] = []

    def submit(self, job: Job, on_failure: OnFailure) -> None:
        self._waiting.append((job, on_failure))
        if not self.busy:
            self.work()

    def work(self, most: int | None = None) -> None:
        """Run the jobs that wait, or the first of them."""
        waiting, self._waiting = self._waiting[:most], self._waiting[most:] if most else []
        for job, on_failure in waiting:
            if self.error is not None:
                on_failure(self.error)
            else:
                job()


class FakeOwner:
    """A TorrentOwner that keeps what its torrent reported."""

    def __init__(self) -> None:
        self.completed = self.damaged = 0
        self.failed: list[MinitorrentError] = []
        self.unidentified: list[UnidentifiedPeer] = []

    def on_complete(self, torrent: Torrent) -> None:
        self.completed += 1

    def on_failed(self, torrent: Torrent, error: MinitorrentError) -> None:
        self.failed.append(error)

    def on_damaged(self, torrent: Torrent) -> None:
        self.damaged += 1

    def on_unidentified(self, peer: UnidentifiedPeer) -> None:
        self.unidentified.append(peer)


class FakeRendezvous:
    """A Rendezvous that keeps what was asked for: the dials, users and peer ids.

    `relays` has whether each may be relayed, `unanswered` whether each has given no answer.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Dial, str, PeerId]] = []
        self.relays: list[bool] = []
        self.unanswered: list[bool] = []

    def ask(self, dial: Dial, user: str, peer_id: PeerId, *, relay: bool, unanswered: bool) -> None:
        self.asked.append((dial, user, peer_id))
        self.relays.append(relay)
        self.unanswered.append(unanswered)


@dataclass
class FakeClient:
    """The shared context of a client's torrents, without anything that waits."""

    swarm_config: SwarmConfig = field(default_factory=SwarmConfig)
    clock: Clock = field(default_factory=Clock)
    dialer: FakeDialer = field(default_factory=FakeDialer)
    rendezvous: FakeRendezvous = field(default_factory=FakeRendezvous)
    connections: FakeConnections = field(default_factory=FakeConnections)
    workers: FakeWorkers = field(default_factory=FakeWorkers)
    connection_slots: ConnectionSlots = field(default_factory=lambda: ConnectionSlots(100))
    ban_list: BanList = field(default_factory=BanList)

    def context(self) -> TorrentContext:
        return TorrentContext(
            peer_id=ME,
            port=6881,
            is_mapped=lambda: False,
            client_name="Minitorrent",
            clock=self.clock,
            rng=Random(1),
            dialer=self.dialer,
            rendezvous=self.rendezvous,
            connect=self.connections,
            buffers=BufferPool(1 << 20),
            workers=self.workers,
            swarm_config=self.swarm_config,
            ban_list=self.ban_list,
            connection_slots=self.connection_slots,
        )


def unlimited() -> Throttle:
    """A throttle without a limit; tests can set one on the buckets."""
    up, down = (BandwidthChannel(TokenBucket(0, 0.0), TokenBucket(0, 0.0)) for _ in range(2))
    return Throttle(up, down)


def connect_member(
    client: FakeClient, torrent: Torrent, user: str, host: str = PEER_AT.host, *, fast: bool = True
) -> FakeConnection:
    """Connect a peer that the tracker knows as a member."""
    peer_id = PeerId(f"-MI0100-{user:p<12}".encode())
    shaken = handshake_for(torrent.metainfo.info_hash, peer_id, fast=fast)
    assert torrent.admit(FakeTransport(), shaken, Endpoint(host, PEER_AT.port), incoming=True)
    connection = client.connections.made[-1]
    torrent.identified(connection.key, user, is_member=True)
    return connection


class TorrentBench:
    """Create a torrent of `content` at `final` that has the pieces in `have`."""

    def __init__(
        self,
        final: Path,
        content: bytes,
        metainfo: Metainfo,
        have: Iterable[int] = (),
        client: FakeClient | None = None,
        options: DownloadOptions = DEFAULT_OPTIONS,
        group_tls: GroupTls | None = None,
    ) -> None:
        self.content = content
        self.metainfo = metainfo
        self.client = client or FakeClient()
        self.owner = FakeOwner()
        self.throttle = unlimited()
        selection = selection_of(metainfo, options)
        self.files = TorrentFiles(metainfo, final, selection)
        bitfield = Bitfield(metainfo.piece_count)
        for piece in have:
            bitfield.add(piece)
        if bitfield.complete:
            final.write_bytes(content)
            self.files.open_complete()
        else:
            self.files.open_partial()
        self.torrent = Torrent(
            metainfo,
            self.files,
            bitfield,
            selection,
            group_tls,
            self.client.context(),
            self.owner,
            self.throttle,
        )

    def admit(
        self,
        peer_id: PeerId = PEER,
        endpoint: Endpoint = PEER_AT,
        *,
        incoming: bool = True,
        fast: bool = True,
        transport: FakeTransport | None = None,
    ) -> FakeConnection | None:
        """Connect a peer; returns its connection if the torrent accepts it."""
        shaken = handshake_for(self.metainfo.info_hash, peer_id, fast=fast)
        transport = transport or FakeTransport()
        if not self.torrent.admit(transport, shaken, endpoint, incoming=incoming):
            return None
        return self.client.connections.made[-1]

    def member(
        self, user: str = "bob", host: str = PEER_AT.host, *, fast: bool = True
    ) -> FakeConnection:
        """Connect a peer that the tracker knows as a member."""
        return connect_member(self.client, self.torrent, user, host, fast=fast)

    def seeder(
        self,
        user: str = "bob",
        host: str = PEER_AT.host,
        *,
        lies: Iterable[int] = (),
        fast: bool = True,
    ) -> Seeder:
        """Connect a member that has everything, and unchokes us."""
        connection = self.member(user, host, fast=fast)
        seeder = Seeder(connection, self.metainfo, self.content, lies)
        seeder.offer()
        return seeder

    def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Advance the clock by so many seconds, ticking."""
        until = self.client.clock.now + seconds
        while self.client.clock.now < until:
            self.client.clock.advance(step)
            self.torrent.tick()

    def close(self) -> None:
        self.torrent.stop()
        self.files.close()
