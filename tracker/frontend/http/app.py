"""The web application: GET requests and error handling."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from common import announce
from common.errors import ErrorCode, MinitorrentError
from common.openapi_page import POLICY, render
from tracker.frontend.dispatch import Dispatcher
from tracker.frontend.health import HealthMonitor
from tracker.frontend.http.api import BODY_SECONDS, add_api, refusal
from tracker.frontend.http.openapi import describe
from tracker.frontend.http.stock import CONTENT_TYPE, PATHS, StockAnswers
from tracker.frontend.metrics import Metrics
from tracker.services.catalogue import Services


def make_app(
    services: Services,
    dispatcher: Dispatcher,
    metrics: Metrics,
    health: HealthMonitor,
    stock: StockAnswers,
    version: str,
    body_seconds: float = BODY_SECONDS,
) -> FastAPI:
    """Create the web application. Announce keys are secrets, so no URL is ever logged."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    _add_stock_clients(app, stock)
    _add_operators(app, health, metrics)
    _add_description(app, version)
    add_api(app, dispatcher, services.request_throttle, body_seconds)
    app.add_exception_handler(HTTPException, _answer_not_found)
    return app


def _add_stock_clients(app: FastAPI, stock: StockAnswers) -> None:
    @app.get("/announce")
    @app.get("/announce/{key:path}")
    @app.get("/scrape")
    @app.get("/scrape/{key:path}")
    def answer_stock_client(request: Request) -> Response:
        if request.client is None:
            raise MinitorrentError(ErrorCode.INTERNAL, "the client's address is unknown")
        asked = request.scope["path"], request.scope["query_string"]
        body = stock.answer(*asked, request.client.host)
        return Response(body, headers={"content-type": CONTENT_TYPE})


def _add_operators(app: FastAPI, health: HealthMonitor, metrics: Metrics) -> None:
    @app.get("/health")
    async def show_health(response: Response) -> dict[str, object]:
        """Answer from memory, in the event loop: other requests can't delay it."""
        found = health.assess()
        response.status_code = 200 if found.is_ok else 503
        return health.describe(found)

    @app.get("/metrics")
    def show_metrics() -> Response:
        return Response(metrics.exposition(), media_type="text/plain; version=0.0.4")


def _add_description(app: FastAPI, version: str) -> None:
    @cache  # built on first use, not at start
    def description() -> dict[str, Any]:
        return describe(version)

    @cache  # encoded once: otherwise small requests would cost the tracker much
    def encoded() -> bytes:
        return bytes(JSONResponse(description()).body)

    @cache
    def page() -> str:
        return render(description(), "/openapi.json")

    @app.get("/openapi.json")
    def show_description() -> Response:
        return Response(encoded(), media_type="application/json")

    @app.get("/docs")
    def show_documentation() -> HTMLResponse:
        return HTMLResponse(page(), headers={"Content-Security-Policy": POLICY})


def _answer_not_found(request: Request, error: Exception) -> Response:
    """Answer an unknown path or method in the error format of that path."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if PATHS.match(request.scope["path"]):
        answer = Response(announce.encode_failure("use GET"), status, media_type="text/plain")
    else:
        not_found = MinitorrentError(ErrorCode.USAGE, "Not found; see: /docs")
        answer = refusal(not_found, status)
    if isinstance(error, HTTPException):
        answer.headers.update(error.headers or {})
    return answer
