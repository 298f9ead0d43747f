"""Puts a session together, and takes it apart in the opposite order."""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random

from client.config import ClientConfig
from client.core.limits import Limits
from client.core.shares import Shares
from client.engine.account import Account
from client.engine.banned import Banned
from client.engine.collection import Collection
from client.engine.credentials import Credentials
from client.engine.doctor import Doctor
from client.engine.installation import raise_descriptors
from client.engine.limiting import Limiting
from client.engine.machinery import Machinery
from client.engine.outcomes import Outcomes
from client.engine.pacer import Pacer
from client.engine.places import Places
from client.engine.rate_limits import RateLimits
from client.engine.references import References
from client.engine.session import Session
from client.engine.sharing import Sharing
from client.engine.snapshot import Snapshots
from client.engine.trackers import Trackers
from client.engine.trouble import Trouble
from client.engine.trust import Trust
from client.engine.turns import Turns, choose_places
from client.engine.workshop import Workshop
from client.net.announcer import Announcer
from client.net.dialer import Dialer
from client.net.listener import Listener
from client.net.metadata_fetch import fetch_metadata
from client.net.port_check import OwnPort
from client.net.tracker_connection import source_host
from client.net.tracker_link import LinkEvents, TrackerLink
from client.state.database import Database
from client.state.pins import Pins
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


def open_session(config: ClientConfig, limits: Limits | None = None) -> Session:
    """Start a client: database, listener, tracker link, everything a session needs.

    `limits` are those of each torrent. Raises MinitorrentError when the address to listen on or
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
        session = _assemble(config, database, listener, limits or Limits(), shares, making)
        closing = making.pop_all()
    session.close_with(closing.close)
    return session


def _assemble(
    config: ClientConfig,
    database: Database,
    listener: Listener,
    limits: Limits,
    shares: Shares,
    making: ExitStack,
) -> Session:
    peer_id, store = new_peer_id(), Transfers(database)
    settings = Settings(database)
    account = Account(settings)
    jobs = ThreadPoolExecutor(JOB_THREADS, thread_name_prefix="job")
    making.callback(jobs.shutdown, cancel_futures=True)
    trust = Trust(Pins(database), lambda text: account.tell("tracker", text))
    link = TrackerLink(
        config.trackers,
        source_host(config.listen),
        peer_id,
        listener.port,
        _events(account),
        trust.check,
    )
    making.callback(link.close)
    announcer = Announcer(link, listener.port, time.monotonic)
    making.callback(announcer.close)
    outcomes = Outcomes(account)
    source = source_host(config.listen)
    machinery = _machinery(peer_id, listener.port, source, limits, shares, making)
    credentials = Credentials(link)
    making.callback(credentials.close)
    turns = Turns(choose_places(settings, config.active), time.monotonic)
    rate_limits = RateLimits(RateLimitStore(database), time.monotonic)
    workshop = Workshop(
        machinery,
        store,
        announcer,
        credentials,
        turns,
        rate_limits,
        jobs,
        outcomes.add,
        outcomes.damaged,
    )
    collection = Collection(workshop)
    making.callback(collection.close)
    making.callback(Pacer(rate_limits, collection.torrents, time.monotonic).close)
    _connect(account, announcer, credentials, collection)
    listener.start(collection.admit, collection.find_seal, machinery.banned.refuses_caller)
    link.start()
    sharing = Sharing(
        link,
        References(link, lambda magnet: fetch_metadata(magnet, peer_id, machinery.introduce)),
        store,
        collection,
        lambda text: account.tell("warning", text),
    )
    limiting = Limiting(account, collection, rate_limits)
    own_port = OwnPort(listener.port, lambda: listener.arrivals)
    snapshots = Snapshots(link, credentials, time.monotonic, own_port)
    return Session(
        account,
        link,
        Trackers(link, trust),
        credentials,
        collection,
        sharing,
        outcomes,
        limiting,
        Trouble(account, collection, snapshots),
        Doctor(config, own_port, account, link, trust, credentials, collection),
    )


def _connect(
    account: Account, announcer: Announcer, credentials: Credentials, collection: Collection
) -> None:
    """Have what the tracker tells reach whom it concerns."""

    def connected() -> None:
        for torrent in collection.torrents():
            torrent.begin_again()
        announcer.reconnected()
        credentials.refresh()

    def ended() -> None:
        credentials.forget_all()
        collection.empty_later()

    def removed(group: str) -> None:
        credentials.forget(group)
        collection.refuse(group)

    account.connected, account.ended = connected, ended
    account.removed, account.revoked = removed, credentials.revoke
    account.parted = collection.part_from_user
    credentials.revoked = collection.part_from_unaccepted


def _machinery(
    peer_id: PeerId,
    port: int,
    source: str | None,
    limits: Limits,
    shares: Shares,
    making: ExitStack,
) -> Machinery:
    dialer = Dialer(peer_id, source, shares.dials)
    making.callback(dialer.close)
    workers = WorkerPool(name="verify and write")
    making.callback(workers.close)
    return Machinery(
        peer_id=peer_id,
        port=port,
        client_name=client_name(),
        clock=time.monotonic,
        rng=Random(),
        dialer=dialer,
        buffers=BufferPool(BUFFER_BUDGET),
        workers=workers,
        limits=limits,
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
