"""Pacing of HTTP requests: heavy users wait, without delaying others."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from common.party import party_of
from tracker.services.rate_limits import RequestPacer


class PacingMiddleware:
    """ASGI middleware that delays the requests of a party that sends too many."""

    def __init__(self, app: ASGIApp, pace: RequestPacer) -> None:
        self._app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        client = scope.get("client")
        if client is not None:
            delay = self._pace.delay(party_of(client[0]))
            if delay > 0:
                await asyncio.sleep(delay)
        await self._app(scope, receive, send)
