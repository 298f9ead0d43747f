"""The assembly of a tracker: database, services, frontends and threads."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import structlog

from common import __version__
from tracker.config import Config
from tracker.domain.credentials import PasswordCost
from tracker.frontend import certificate, descriptors
from tracker.frontend.descriptors import DescriptorBudget, TooFewDescriptorsError
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.failures import tell_repeated
from tracker.frontend.health import HealthMonitor
from tracker.frontend.http.app import make_app
from tracker.frontend.http.server import HttpServer
from tracker.frontend.http.short_cut import ShortCut
from tracker.frontend.http.stock import StockAnswers
from tracker.frontend.listeners import CannotListenError, Listeners, open_listeners
from tracker.frontend.metrics import Metrics
from tracker.frontend.periodic import Periodic
from tracker.frontend.pusher import Pusher
from tracker.frontend.relay import Relay
from tracker.frontend.session import SessionLimits, SessionServer
from tracker.frontend.workers import Workers
from tracker.services.catalogue import Policy, make_services
from tracker.services.lifecycle import BEAT_SECONDS
from tracker.services.sharing.progress import WRITE_SECONDS
from tracker.store.authority_key import KEY_VARIABLE, open_secret_box
from tracker.store.database.errors import DatabaseError
from tracker.store.database.location import database_file
from tracker.store.engine import Store, open_store
from tracker.store.presence.trackers import Site

_log = structlog.get_logger()

SERVER_NAME = f"minitorrent {__version__}"
LOOK_SECONDS = 0.2
"""Interval at which the tracker looks for news of the clock and, on SQLite, of other trackers."""

_COMPUTE_AT_ONCE = {False: 1, True: 4}
"""Jobs that compute at the same time, by whether the database is a server, which is waited for."""

_CLOCK_TOLERANCE = 5.0  # seconds
_STOP_SECONDS = 1.0  # for each frontend
_PASSWORD_COST = PasswordCost()


class StartError(Exception):
    """The tracker can't start; the message says why, in one line."""


class TrackerApp:
    """A running tracker. The constructor and `start` raise StartError and DatabaseError."""

    def __init__(
        self,
        config: Config,
        limits: SessionLimits | None = None,
        password_cost: PasswordCost = _PASSWORD_COST,
    ) -> None:
        descriptor_budget = _allot_descriptors(config)
        self._http_connections = descriptor_budget.http
        self._database_connections = config.database_connections
        self._limits = limits or SessionLimits(
            descriptor_budget.sessions, config.max_sessions_per_address
        )
        with ExitStack() as undo:
            self._store = _open_store(config)
            undo.callback(self._store.close)
            self._folders = _folders(config)
            secret_box = open_secret_box(self._store, config.data_dir, os.environ.get(KEY_VARIABLE))
            context = _tls_context(config)
            listeners = _listen(config)
            undo.callback(listeners.close)
            self.address, self.http_address = listeners.address, listeners.http_address
            self._listen = listeners.where()
            http_port = None if self.http_address is None else self.http_address.port
            site = Site(*self.address, http_port, is_forwarded=config.listen is not None)
            self._services = make_services(
                self._store,
                self._store.clock,
                site,
                secret_box,
                _policy(config, password_cost),
            )
            self._relay = self._make_relay(config, descriptor_budget)
            self._wire(listeners, context, descriptor_budget)
            undo.pop_all()

    def _make_relay(self, config: Config, budget: DescriptorBudget) -> Relay | None:
        if not config.relays:
            return None
        return Relay(self._services.rendezvous.relay_desk, budget.relay, config.relay_rate)

    def _wire(
        self,
        listeners: Listeners,
        context: ssl.SSLContext,
        descriptor_budget: DescriptorBudget,
    ) -> None:
        services, metrics = self._services, Metrics()
        self._health = HealthMonitor(services.lifecycle, self._folders)
        dispatcher = Dispatcher(services, metrics)
        self._workers = Workers(_COMPUTE_AT_ONCE[self._store.is_remote])
        self._sessions = SessionServer(
            listeners.session,
            context,
            dispatcher,
            services,
            SERVER_NAME,
            self._limits,
            self._workers,
            self._relay,
        )
        self._watch(metrics)
        stock = StockAnswers(services.announces, metrics)
        version = SERVER_NAME.partition(" ")[2]
        app = make_app(services, dispatcher, metrics, self._health, stock, version)
        throttle, most = services.party_throttle, descriptor_budget.http
        short_cut = ShortCut(stock, throttle, self._workers)
        self._http = (
            None
            if listeners.http is None
            else HttpServer(listeners.http, app, throttle, most, short_cut=short_cut)
        )
        self._heartbeat = Periodic("heartbeat", BEAT_SECONDS, self._beat)
        self._upkeep = Periodic("upkeep", BEAT_SECONDS, self._keep_up)
        self._progress = Periodic("progress", WRITE_SECONDS, services.announces.write_progress)
        self._notices = Periodic("notices", LOOK_SECONDS, self._look)
        watch = self._store.watch_events(self._notices.wake, services.events.tracker_id)
        self._pusher = Pusher(services.events, services.rendezvous, watch, self._sessions)

    def _watch(self, metrics: Metrics) -> None:
        """Export what can be counted at any time."""
        services, store, health = self._services, self._store, self._health
        for name, text, count in (
            ("connections", "Open session connections.", self._sessions.count),
            ("sessions", "Connections with a login.", self._sessions.count_sessions),
            ("peers", "Peers at all trackers.", services.announces.count_peers),
            ("passwords_waiting", "Passwords that wait to be hashed.", services.logins.waiting),
            ("database_writers_waiting", "Writes that wait for a turn.", store.writers_waiting),
            (
                "database_connections_in_use",
                "Connections of the pool in use.",
                store.connections_in_use,
            ),
            (
                "heartbeat_age_seconds",
                "Age of the last heartbeat written to the database.",
                services.lifecycle.beat_age,
            ),
            (
                "events_waiting",
                "Events that are yet to be sent.",
                lambda: self._pusher.waiting(),  # made later
            ),
            ("events_age_seconds", "Time since the last look for events.", health.read_age),
            ("disk_free_bytes", "Free space on the fullest disk.", health.disk_free),
            ("healthy", "1 if /health is ok, otherwise 0.", health.is_ok),
            ("draining", "1 while clients are handed over.", lambda: health.is_draining),
        ):
            metrics.watch(name, text, count)
        if (relay := self._relay) is not None:
            metrics.watch("relay_connections", "Connections joined by the relay.", relay.count)
            metrics.watch("relay_bytes", "Bytes passed on by the relay.", lambda: relay.carried)

    def start(self) -> None:
        """Start accepting connections."""
        self._services.lifecycle.start()
        ahead = self._store.clock.difference()
        if abs(ahead) > _CLOCK_TOLERANCE:
            _log.warning("this clock differs from the database's, which counts", ahead=round(ahead))
        self._heartbeat.start()
        self._notices.start()
        self._upkeep.start()
        self._progress.start()
        self._workers.start()
        if self._relay is not None:
            self._relay.start()
        if self._http is not None:
            self._http.start()
        self._sessions.start()
        _log.info(
            "tracker started",
            address=str(self.address),
            listen=str(self._listen),
            max_sessions=self._limits.total,
            max_http_connections=self._http_connections,
            database_connections=self._database_connections,
        )

    def drain(self, wait: Callable[[float], bool]) -> None:
        """Hand the clients over to other trackers, before `stop`.

        Their sessions go on there, and this tracker accepts none. Goes on until no client is left,
        or until `wait`, which is called with seconds in between, returns False.
        """
        self._health.is_draining = True
        _log.info("handing over", connections=self._sessions.count())
        is_done = self._sessions.hand_over(wait)
        _log.info("handed over", is_done=is_done, connections=self._sessions.count())

    def stop(self) -> None:
        """Stop within about two seconds; everything already answered is stored."""
        self._sessions.refuse_new()
        self._heartbeat.stop(_STOP_SECONDS)
        self._notices.stop(_STOP_SECONDS)
        self._upkeep.stop(_STOP_SECONDS)
        self._progress.stop(_STOP_SECONDS)
        self._leave_database()
        self._sessions.stop(_STOP_SECONDS)
        if self._http is not None:
            self._http.stop(2 * _STOP_SECONDS)
        if self._relay is not None:
            self._relay.stop(_STOP_SECONDS)
        self._workers.stop()
        self._services.logins.close()
        self._store.close()
        _log.info("tracker stopped", address=str(self.address))

    def _leave_database(self) -> None:
        try:
            self._services.announces.write_progress()
            self._services.lifecycle.stop()
        except Exception as error:  # other trackers notice the missing heartbeat
            _log.warning("could not deregister from the database", reason=type(error).__name__)

    def _look(self) -> None:
        if self._services.lifecycle.is_clock_set():
            _log.warning("the system clock was changed")
            self._beat()
        self._pusher.push()
        self._health.note_read()

    def _keep_up(self) -> None:
        """Do what may wait for a disk, apart from all that must not."""
        tell_repeated()
        self._health.measure_disk()
        self._services.events.index()
        if self._relay is not None:
            self._relay.cut(self._services.rendezvous.relay_desk.ended(self._relay.pairs()))

    def _beat(self) -> None:
        if not self._services.lifecycle.beat(self._sessions.identities):
            _log.warning("this tracker was taken for dead; its sessions go on")
            self._sessions.drop_ended(*{one.user for one in self._sessions.identities()})
        self._sessions.record_ends()


def _allot_descriptors(config: Config) -> DescriptorBudget:
    """Raise the open-file limit and allot it; log a warning if it isn't enough."""
    limit = descriptors.raise_limit()
    try:
        descriptor_budget = descriptors.share_out(
            limit, config.max_sessions, config.database_connections, relays=config.relays
        )
    except TooFewDescriptorsError as error:
        raise StartError(str(error)) from None
    if config.max_sessions is not None and descriptor_budget.sessions < config.max_sessions:
        _log.warning(
            "fewer sessions than asked for: raise the limit of open files (ulimit -n)",
            asked=config.max_sessions,
            max_sessions=descriptor_budget.sessions,
            open_files=limit,
        )
    return descriptor_budget


def _open_store(config: Config) -> Store:
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return open_store(config.database, connections=config.database_connections)
    except OSError as error:
        reason = error.strerror or error
        raise StartError(f"can't use the folder {config.data_dir}: {reason}") from None
    except DatabaseError as error:
        raise StartError(f"can't open the database: {error}") from None


def _policy(config: Config, password_cost: PasswordCost) -> Policy:
    return Policy(
        config.min_password,
        config.certificate_lifetime,
        config.quotas,
        password_cost,
        config.by_invitation_only,
        config.relays,
    )


def _folders(config: Config) -> list[Path]:
    """Return the folders that the tracker writes to."""
    file = database_file(config.database)
    return [config.data_dir, *([] if file is None else [file.parent])]


def _tls_context(config: Config) -> ssl.SSLContext:
    try:
        if config.tls is None:
            return certificate.own_context(config.data_dir)
        return certificate.make_context(*config.tls)
    except OSError as error:
        where = config.data_dir if config.tls is None else " with ".join(map(str, config.tls))
        reason = error.strerror or error
        raise StartError(f"can't use the TLS certificate {where}: {reason}") from None


def _listen(config: Config) -> Listeners:
    try:
        return open_listeners(config)
    except CannotListenError as error:
        raise StartError(str(error)) from None
