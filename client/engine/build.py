"""Puts a session together, and takes it apart in the opposite order."""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random

from client.config import ClientConfig
from client.core.events import (
    CertificatesRevoked,
    LoggedOut,
    MemberRemoved,
    MembershipEnded,
    RevocationsApplied,
    TrackerConnected,
)
from client.core.notices import NoticeKind
from client.core.shares import Shares
from client.core.swarm_config import SwarmConfig
from client.engine.account import Account
from client.engine.bandwidth_manager import BandwidthManager
from client.engine.banned import Banned
from client.engine.completions import Completions
from client.engine.credentials import Credentials
from client.engine.diagnostics import Diagnostics
from client.engine.doctor import Doctor
from client.engine.download_scheduler import DownloadScheduler, choose_places
from client.engine.environment import raise_descriptors
from client.engine.event_bus import EventBus
from client.engine.known_trackers import KnownTrackers, Trackers
from client.engine.limits import Limits
from client.engine.metainfo_links import MetainfoLinks
from client.engine.places import Places
from client.engine.rate_limits import RateLimits
from client.engine.session import Session
from client.engine.sharing import Sharing
from client.engine.snapshot import Snapshots
from client.engine.torrent_context import TorrentContext
from client.engine.transfer_context import TransferContext
from client.engine.transfer_manager import TransferManager
from client.net.announcer import Announcer
from client.net.dialer import Dialer
from client.net.listener import Listener
from client.net.metadata_fetch import fetch_metadata
from client.net.port_check import OwnPort
from client.net.tracker_client import LinkEvents, TrackerClient
from client.net.tracker_connection import source_host
from client.state.database import Database
from client.state.pinned_certificates import PinnedCertificates
from client.state.rate_limits import RateLimitStore
from client.state.settings import Settings
from client.state.transfers import Transfers
from client.storage.buffers import BufferPool
from client.storage.handles import OPEN
from client.storage.worker import WorkerPool
from common import __version__
from common.types import PeerId

BUFFER_BUDGET = 48 * 1024 * 1024
"""Bytes of pieces on their way from a peer to the disk, over all torrents."""

JOB_THREADS = 4
"""Transfers that are checked, finished or stopped at once."""

_STACK = 4 * 1024 * 1024
"""Bytes of stack a thread, of which only what is used takes memory: there are two threads a peer.

The bencode library stops at a depth for which it needs 2 MiB; with less, one deeply nested message
of a peer would end the process.
"""


def new_peer_id() -> PeerId:
    """A fresh name for this run: `-MI0100-` and twelve random bytes (BEP 20)."""
    return PeerId(b"-MI0100-" + secrets.token_bytes(12))


def client_name() -> str:
    """What peers are told, such as `Minitorrent 0.1.0`."""
    return f"Minitorrent {__version__}"


def open_session(config: ClientConfig, swarm_config: SwarmConfig | None = None) -> Session:
    """Start a client: database, listener, tracker link, everything a session needs.

    `swarm_config` is each torrent's. Raises MinitorrentError when the address to listen on or
    the database can't be had.
    """
    threading.stack_size(_STACK)
    shares = Shares.of(raise_descriptors())
    OPEN.limit = shares.files
    with ExitStack() as making:
        database = Database.open(config.data_dir / "client.sqlite")
        making.callback(database.close)
        listener = Listener(config.listen, shares.handshakes)
        making.callback(listener.close)
        session = _assemble(
            config, database, listener, swarm_config or SwarmConfig(), shares, making
        )
        closing = making.pop_all()
    session.close_with(closing.close)
    return session


def _assemble(
    config: ClientConfig,
    database: Database,
    listener: Listener,
    swarm_config: SwarmConfig,
    shares: Shares,
    making: ExitStack,
) -> Session:
    peer_id, store = new_peer_id(), Transfers(database)
    settings = Settings(database)
    events = EventBus()
    account = Account(settings, events)
    jobs = ThreadPoolExecutor(JOB_THREADS, thread_name_prefix="job")
    making.callback(jobs.shutdown, cancel_futures=True)
    known_trackers = KnownTrackers(
        PinnedCertificates(database), lambda text: account.tell(NoticeKind.TRACKER, text)
    )
    link = TrackerClient(
        config.trackers,
        source_host(config.listen),
        peer_id,
        listener.port,
        _events(account),
        known_trackers.check,
    )
    making.callback(link.close)
    announcer = Announcer(link, listener.port, time.monotonic)
    making.callback(announcer.close)
    completions = Completions(events)
    source = source_host(config.listen)
    torrent_context = _torrent_context(peer_id, listener.port, source, swarm_config, shares, making)
    credentials = Credentials(link, events)
    making.callback(credentials.close)
    scheduler = DownloadScheduler(choose_places(settings, config.active), time.monotonic)
    rate_limits = RateLimits(RateLimitStore(database), time.monotonic, events)
    context = TransferContext(
        torrent_context,
        store,
        announcer,
        credentials,
        scheduler,
        rate_limits,
        jobs,
        events,
    )
    collection = TransferManager(context)
    making.callback(collection.close)
    making.callback(
        BandwidthManager(rate_limits, collection.torrents, time.monotonic, events).close
    )
    _subscribe(events, announcer, credentials, collection)
    account.notices.tell_of_events()
    listener.start(collection.admit, collection.find_seal, torrent_context.banned.refuses_caller)
    link.start()
    sharing = Sharing(
        link,
        MetainfoLinks(
            link, lambda magnet: fetch_metadata(magnet, peer_id, torrent_context.introduce)
        ),
        store,
        collection,
        lambda text: account.tell(NoticeKind.WARNING, text),
    )
    limits = Limits(account, collection, rate_limits)
    own_port = OwnPort(listener.port, lambda: listener.arrivals)
    snapshots = Snapshots(link, credentials, time.monotonic, own_port)
    return Session(
        account,
        link,
        Trackers(link, known_trackers),
        credentials,
        collection,
        sharing,
        completions,
        limits,
        Diagnostics(account, collection, snapshots),
        Doctor(config, own_port, account, link, known_trackers, credentials, collection),
    )


def _subscribe(
    events: EventBus, announcer: Announcer, credentials: Credentials, transfers: TransferManager
) -> None:
    """Have the parts act on what happens to the login, the tracker and the groups."""

    def connected(_: TrackerConnected) -> None:
        for torrent in transfers.torrents():
            torrent.begin_again()
        announcer.reconnected()
        credentials.refresh()

    def logged_out(_: LoggedOut) -> None:
        credentials.forget_all()
        transfers.empty_later()

    def membership_ended(event: MembershipEnded) -> None:
        credentials.forget(event.group)
        transfers.refuse(event.group)

    events.subscribe(TrackerConnected, connected)
    events.subscribe(LoggedOut, logged_out)
    events.subscribe(MembershipEnded, membership_ended)
    events.subscribe(MemberRemoved, lambda event: transfers.part_from_user(event.group, event.user))
    events.subscribe(
        CertificatesRevoked, lambda event: credentials.revoke(event.group, event.holders)
    )
    events.subscribe(RevocationsApplied, lambda event: transfers.part_from_unaccepted(event.group))


def _torrent_context(
    peer_id: PeerId,
    port: int,
    source: str | None,
    swarm_config: SwarmConfig,
    shares: Shares,
    making: ExitStack,
) -> TorrentContext:
    dialer = Dialer(peer_id, source, shares.dials)
    making.callback(dialer.close)
    workers = WorkerPool(name="verify and write")
    making.callback(workers.close)
    return TorrentContext(
        peer_id=peer_id,
        port=port,
        client_name=client_name(),
        clock=time.monotonic,
        rng=Random(),
        dialer=dialer,
        buffers=BufferPool(BUFFER_BUDGET),
        workers=workers,
        swarm_config=swarm_config,
        banned=Banned(),
        places=Places(shares.connections),
    )


def _events(account: Account) -> LinkEvents:
    return LinkEvents(
        connected=account.on_connected,
        lost=account.on_lost,
        session_ended=account.on_session_ended,
        notice=account.on_event,
    )
