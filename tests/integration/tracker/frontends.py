"""A tracker's frontends, on services and with limits that the test chooses."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from common.types import Endpoint
from tracker.frontend import certificate
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.health import HealthMonitor
from tracker.frontend.http.api import BODY_SECONDS
from tracker.frontend.http.app import make_app
from tracker.frontend.http.protocol import REQUEST_SECONDS
from tracker.frontend.http.server import HttpServer
from tracker.frontend.http.short_cut import ShortCut
from tracker.frontend.http.stock import StockAnswers
from tracker.frontend.metrics import Metrics
from tracker.frontend.session import SessionLimits, SessionServer
from tracker.frontend.workers import Workers
from tracker.services.catalogue import Services

SERVER_NAME = "minitorrent test"


class Frontends:
    """Serves sessions at `address` and HTTP at `http_address`, each on a free port.

    `make_dispatcher` and `middleware` stand for the usual dispatcher and in front of the web
    application; times are in seconds.
    """

    def __init__(
        self,
        folder: Path,
        services: Services,
        *,
        limits: SessionLimits | None = None,
        make_dispatcher: Callable[[Services, Metrics], Dispatcher] = Dispatcher,
        middleware: Callable[[ASGIApp], ASGIApp] = lambda app: app,
        body_seconds: float = BODY_SECONDS,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        metrics = Metrics()
        dispatcher = make_dispatcher(services, metrics)
        sessions = socket.create_server(("127.0.0.1", 0))
        http = socket.create_server(("127.0.0.1", 0))
        self.address = Endpoint(*sessions.getsockname())
        self.http_address: Endpoint | None = Endpoint(*http.getsockname())
        self._workers = Workers()
        self.sessions = SessionServer(
            sessions,
            certificate.own_context(folder),
            dispatcher,
            services,
            SERVER_NAME,
            limits or SessionLimits(),
            self._workers,
        )
        self.health = HealthMonitor(services.lifecycle, [folder])
        stock = StockAnswers(services.announces, metrics)
        web = make_app(services, dispatcher, metrics, self.health, stock, "0", body_seconds)
        throttle = services.party_throttle
        short_cut = ShortCut(stock, throttle, self._workers)
        self._http = HttpServer(http, middleware(web), throttle, 50, request_seconds, short_cut)
        self._workers.start()
        self.sessions.start()
        self._http.start()

    def close(self) -> None:
        """Stop serving."""
        self.sessions.stop(1)
        self._http.stop(2)
        self._workers.stop()
