"""The HTTP frontend: announce and scrape for stock clients, health and metrics for operators."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable

import structlog
import uvicorn
from fastapi import FastAPI, Request, Response

from common import announce
from common.errors import ErrorCode, MinitorrentError
from tracker.frontend.address import plain_address
from tracker.frontend.http_protocol import ImpatientProtocol
from tracker.frontend.metrics import Metrics
from tracker.services.catalogue import Services

_log = structlog.get_logger()

_MAX_CONNECTIONS = 500


def make_app(services: Services, metrics: Metrics) -> FastAPI:
    """The web application. Announce keys are secrets: no URL is ever logged."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/announce/{key}")
    def answer_announce(key: str, request: Request) -> Response:
        def answer() -> bytes:
            asked = announce.parse_announce(request.scope["query_string"])
            host = _host(request)
            response = services.announces.announce_by_key(key, asked, host)
            return announce.encode_announce(asked, response)

        return _bencoded(answer)

    @app.get("/scrape/{key}")
    def answer_scrape(key: str, request: Request) -> Response:
        def answer() -> bytes:
            asked = announce.parse_scrape(request.scope["query_string"])
            return announce.encode_scrape(services.announces.scrape_by_key(key, asked))

        return _bencoded(answer)

    @app.get("/health")
    def health(response: Response) -> dict[str, str]:
        try:
            services.events.last_id()
        except Exception:  # whatever it is, the answer is that we are not well
            response.status_code = 503
            return {"status": "failing", "database": "unreachable"}
        return {"status": "ok", "database": "ok"}

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")

    return app


def _host(request: Request) -> str:
    """The connection's own address: what a client says of itself is not believed."""
    if request.client is None:
        raise MinitorrentError(ErrorCode.INTERNAL, "the client's address is not known")
    return plain_address(request.client.host)


def _bencoded(answer: Callable[[], bytes]) -> Response:
    """Errors too are answered with status 200: stock clients show no other's text (BEP 3)."""
    try:
        body = answer()
    except MinitorrentError as error:
        body = announce.encode_failure(error.message)
    except Exception:  # a client must get an answer to whatever goes wrong here
        _log.error("an HTTP request failed", exc_info=True)
        body = announce.encode_failure("the tracker could not do this")
    return Response(body, media_type="text/plain")


class HttpServer:
    """Serves the application on a listening socket, which it owns, from a thread of its own."""

    def __init__(self, listener: socket.socket, app: FastAPI) -> None:
        self._listener = listener
        # Whatever handlers somebody sets up: the access log would show announce keys.
        logging.getLogger("uvicorn.access").disabled = True
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=ImpatientProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # the peer's address is the connection's
                server_header=False,
                limit_concurrency=_MAX_CONNECTIONS,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End; waits at most `timeout` seconds."""
        self._server.should_exit = True
        self._thread.join(timeout)
        self._listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._listener]))
        except Exception:  # shown here, or nobody would see why the thread ended
            _log.error("the HTTP server failed", exc_info=True)
