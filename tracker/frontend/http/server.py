"""The HTTP/1.1 server of the web application."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from common.party import party_of
from tracker.frontend.failures import report
from tracker.frontend.http.connection_slots import ConnectionSlots
from tracker.frontend.http.protocol import REQUEST_SECONDS, protocol_for
from tracker.frontend.http.short_cut import ShortCut
from tracker.services.rate_limits import RequestThrottle


class _PacingMiddleware:
    """ASGI middleware that delays the requests of a party that sends too many."""

    def __init__(self, app: ASGIApp, request_throttle: RequestThrottle) -> None:
        self._app = app
        self._request_throttle = request_throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        client = scope.get("client")
        if client is not None:
            delay = self._request_throttle.delay(party_of(client[0]))
            if delay > 0:
                await asyncio.sleep(delay)
        await self._app(scope, receive, send)


class HttpServer:
    """Serves the application on a listening socket, which it owns, in its own thread.

    Most announces and scrapes take the `short_cut`, if given.
    """

    def __init__(
        self,
        listener: socket.socket,
        app: ASGIApp,
        request_throttle: RequestThrottle,
        max_connections: int,
        request_seconds: float = REQUEST_SECONDS,
        short_cut: ShortCut | None = None,
    ) -> None:
        self._listener = listener
        # Whatever the logging setup: the access log would reveal announce keys.
        logging.getLogger("uvicorn.access").disabled = True
        # A client's bad request is answered; it doesn't belong in the operator's log.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        self._server = uvicorn.Server(
            uvicorn.Config(
                _PacingMiddleware(app, request_throttle),
                http=protocol_for(ConnectionSlots(max_connections), request_seconds, short_cut),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # only the connection's own address counts
                server_header=False,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Start answering requests."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Stop; wait at most `timeout` seconds."""
        self._server.should_exit = True
        self._thread.join(timeout)
        self._listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._listener]))
        except Exception as error:  # logged here, or nothing would show why the thread ended
            report("the HTTP server failed", error)
