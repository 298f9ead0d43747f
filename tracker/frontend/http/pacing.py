"""Requests over HTTP are answered at a pace: who asks for very much has to wait, not the others."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from common.party import party_of
from tracker.services.rate_limits import RequestPacer


class PacingMiddleware:
    """An application whose requests wait where their party asks for too much at once."""

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
