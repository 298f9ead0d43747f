"""Puts the parts of a client together, and closes them in reverse order."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from random import Random
from typing import Protocol, TypeVar

from client.assembly.parts import Parts
from client.assembly.services import ServiceAssembly
from client.assembly.subscriptions import subscribe
from client.config import ClientConfig
from client.core.admission.descriptor_budget import DescriptorBudget
from client.core.notices.events import (
    LoggedIn,
    LoggedOut,
    LoginResumed,
)
from client.core.notices.notice_kinds import NoticeKind
from client.core.swarm.swarm_config import SwarmConfig
from client.event_bus import EventBus
from client.membership.account import Account
from client.membership.credentials import Credentials
from client.membership.known_trackers import KnownTrackers
from client.membership.remembered_login import RememberedLogin
from client.membership.remote import Remote
from client.net.peers.listener import Listener
from client.net.peers.metadata_fetch import fetch_metadata
from client.net.peers.peer_io import PeerConnection
from client.net.peers.rendezvous import RendezvousPoint
from client.net.public_port import PublicPort
from client.net.tracker.announcer import Announcer
from client.net.tracker.callbacks import TrackerCallbacks
from client.net.tracker.tracker_client import TrackerClient
from client.net.tracker.tracker_connection import source_host
from client.net.transports.own_port import OwnAddress
from client.notices import Notices
from client.services.accounts import AccountService
from client.services.content.metainfo_links import MetainfoLinks
from client.services.session import Session
from client.services.settings import port_mapping
from client.services.transfers import Completions
from client.state.database import Database
from client.state.pinned_certificates import PinnedCertificates
from client.state.rate_limits import RateLimitStore
from client.state.settings import Settings
from client.storage.files.write_back import WriteBack
from client.storage.pieces.buffers import BufferPool
from client.storage.pieces.worker import WorkerPool
from client.torrent.ban_list import BanList
from client.torrent.connection_slots import ConnectionSlots
from client.torrent.torrent_context import TorrentContext
from client.transfers.bandwidth_manager import BandwidthManager
from client.transfers.disk_space import DiskSpace
from client.transfers.download_scheduler import DownloadScheduler, choose_places
from client.transfers.rate_limits import RateLimits
from client.transfers.ticker import Ticker
from client.transfers.transfer_context import TransferContext
from client.transfers.transfer_manager import TransferManager
from common import __version__
from common.api.rendezvous import RENDEZVOUS, RendezvousNotice
from common.types import PeerId

BUFFER_BUDGET = 48 * 1024 * 1024
"""Bytes of pieces on their way from a peer to the disk, over all torrents."""

JOB_THREADS = 4
"""Transfers checked, finished or stopped at once."""


def new_peer_id() -> PeerId:
    """Return a new peer id for this run: `-MI0100-` and twelve random bytes (BEP 20)."""
    return PeerId(b"-MI0100-" + secrets.token_bytes(12))


def client_name() -> str:
    """Return the client name sent to peers, such as `Minitorrent 0.1.0`."""
    return f"Minitorrent {__version__}"


class _Closable(Protocol):
    def close(self) -> object: ...


PartT = TypeVar("PartT", bound=_Closable)


class Assembly:
    """Builds the parts of a client; `closing_stack` closes them in reverse order."""

    def __init__(
        self,
        config: ClientConfig,
        parts: Parts,
        database: Database,
        listener: Listener,
        budget: DescriptorBudget,
        closing_stack: ExitStack,
    ) -> None:
        self._config = config
        self._parts = parts
        self._listener = listener
        self._budget = budget
        self._closing_stack = closing_stack
        self._peer_id = new_peer_id()
        self._source_host = source_host(config.listen)
        self._store = parts.store(database)
        self._settings = Settings(database)
        self._events = EventBus()
        self._account = Account(self._settings, self._events)
        self._notices = Notices(self._events)
        self._jobs = ThreadPoolExecutor(JOB_THREADS, thread_name_prefix="job")
        closing_stack.callback(self._jobs.shutdown, cancel_futures=True)
        self._known_trackers = KnownTrackers(
            PinnedCertificates(database),
            lambda text: self._notices.publish(NoticeKind.TRACKER, text),
        )
        self._rate_limits = RateLimits(RateLimitStore(database), time.monotonic, self._events)
        places = choose_places(self._settings, config.active)
        self._scheduler = DownloadScheduler(places, time.monotonic, config.timing.lend_place_after)
        self._completions = Completions(self._events)
        self._disk = DiskSpace()
        self._known_trackers.trust(config.invited)
        self._remembered = RememberedLogin(config.data_dir)
        self._dialer = self._keep(parts.dialer(self._peer_id, self._source_host, budget.dials))
        self._tracker_client = self._keep(self._make_tracker_client())
        self._rendezvous = self._keep(self._make_rendezvous())

    def _make_rendezvous(self) -> RendezvousPoint:
        own = OwnAddress(self._source_host, self._listener.port)
        ask = partial(self._tracker_client.call, RENDEZVOUS)
        client, greet = self._tracker_client, self._dialer.greet
        return RendezvousPoint(own, ask, lambda: client.current, greet, self._listener.welcome)

    def _make_tracker_client(self) -> TrackerClient:
        return self._parts.tracker_client(
            self._config.trackers,
            self._source_host,
            self._peer_id,
            self._listener.port,
            _callbacks(self._account, lambda notice: self._rendezvous.told(notice)),
            self._known_trackers.check,
            timing=self._config.timing,
        )

    def _keep(self, part: PartT) -> PartT:
        """Have a part closed with the client."""
        self._closing_stack.callback(part.close)
        return part

    def session(self, swarm_config: SwarmConfig) -> Session:
        """Put the parts together and start them."""
        timing = self._config.timing
        public_port = self._make_public_port(lambda: announcer.moved())
        announcer = self._keep(
            Announcer(self._tracker_client, public_port.announced, time.monotonic, timing)
        )
        torrents = self._torrent_context(swarm_config)
        remote = Remote(self._account, self._tracker_client)
        credentials = self._keep(Credentials(remote, self._events))
        transfers = self._transfers(torrents, announcer, credentials)
        subscribe(self._events, announcer, credentials, transfers)
        self._publish_port(public_port)
        self._notices.publish_events()
        refuses = torrents.ban_list.refuses_caller
        self._listener.start(
            transfers.active.admit,
            transfers.active.find_group_tls,
            refuses,
            self._rendezvous.arrived,
            transfers.active.find_open,
        )
        links = MetainfoLinks(
            remote, lambda magnet: fetch_metadata(magnet, self._peer_id, torrents.introduce)
        )
        session = self._services(transfers, credentials, remote, links, public_port)
        self._connect(session.accounts)
        self._closing_stack.callback(announcer.report)
        return session

    def _make_public_port(self, moved: Callable[[], None]) -> PublicPort:
        return PublicPort(
            self._source_host,
            self._listener,
            self._tracker_client,
            self._known_trackers.check,
            self._config.timing,
            moved,
        )

    def _publish_port(self, public_port: PublicPort) -> None:
        """Have the router map our port, unless that is of no use; tell each session's tracker."""
        self._events.subscribe(LoggedIn, lambda _: public_port.tell())
        self._keep(public_port)
        may_map = self._config.maps_port and port_mapping(self._settings) == "on"
        if may_map and self._config.is_reached_by_others:
            public_port.map()

    def _connect(self, accounts: AccountService) -> None:
        """Connect to a tracker, and resume the remembered login there."""
        self._events.subscribe(LoggedOut, lambda _: self._remembered.forget())
        self._events.subscribe(LoginResumed, lambda event: self._take_up(accounts, event))
        # Closed first: nothing that stops may wait for a tracker that doesn't answer.
        self._keep(self._tracker_client)
        self._closing_stack.callback(accounts.end)
        accounts.resume()
        self._tracker_client.start()

    def _take_up(self, accounts: AccountService, event: LoginResumed) -> None:
        with suppress(RuntimeError):  # the client is closing
            self._jobs.submit(accounts.take_up, event.user, event.missed)

    def _services(
        self,
        transfers: TransferManager,
        credentials: Credentials,
        remote: Remote,
        links: MetainfoLinks,
        public_port: PublicPort,
    ) -> Session:
        return ServiceAssembly(
            config=self._config,
            settings=self._settings,
            store=self._store,
            events=self._events,
            jobs=self._jobs,
            account=self._account,
            notices=self._notices,
            remembered=self._remembered,
            known_trackers=self._known_trackers,
            tracker_client=self._tracker_client,
            remote=remote,
            credentials=credentials,
            transfers=transfers,
            scheduler=self._scheduler,
            rate_limits=self._rate_limits,
            completions=self._completions,
            disk=self._disk,
            links=links,
            public_port=public_port,
        ).session(self._closing_stack.close)

    def _torrent_context(self, swarm_config: SwarmConfig) -> TorrentContext:
        return TorrentContext(
            peer_id=self._peer_id,
            port=self._listener.port,
            is_mapped=lambda: self._listener.is_mapped(),
            client_name=client_name(),
            clock=time.monotonic,
            rng=Random(),
            dialer=self._dialer,
            rendezvous=self._rendezvous,
            connect=PeerConnection,
            buffers=BufferPool(BUFFER_BUDGET),
            workers=self._keep(WorkerPool(name="verify and write")),
            swarm_config=swarm_config,
            ban_list=BanList(),
            connection_slots=ConnectionSlots(self._budget.connections),
        )

    def _transfers(
        self, torrents: TorrentContext, announcer: Announcer, credentials: Credentials
    ) -> TransferManager:
        context = TransferContext(
            torrents,
            self._store,
            announcer,
            credentials,
            self._scheduler,
            self._rate_limits,
            self._disk,
            self._jobs,
            self._events,
            self._parts.files,
            self._keep(WriteBack(time.monotonic)),
        )
        transfers = self._keep(TransferManager(context))
        self._keep(Ticker(transfers, time.monotonic, self._config.timing))
        self._keep(
            BandwidthManager(self._rate_limits, transfers.active.all, time.monotonic, self._events)
        )
        return transfers


def _callbacks(account: Account, told: Callable[[RendezvousNotice], None]) -> TrackerCallbacks:
    return TrackerCallbacks(
        connected=account.on_connected,
        lost=account.on_lost,
        session_ended=account.on_session_ended,
        notice=account.on_event,
        rendezvous=told,
        unreachable=account.on_unreachable,
    )
