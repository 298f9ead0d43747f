"""Creates the HTTP API when it is first used: its many routes would delay each start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from client.web.api import PREFIX


class LateApi:
    """ASGI application: `make` returns what answers below the API's prefix, `page` the rest."""

    def __init__(self, make: Callable[[], ASGIApp], page: ASGIApp) -> None:
        self._make = make
        self._page = page
        self._api: ASGIApp | None = None
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        is_for_api = scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/")
        await (await self._made() if is_for_api else self._page)(scope, receive, send)

    async def _made(self) -> ASGIApp:
        """Return the API; the first call creates it, in a thread."""
        async with self._lock:
            if self._api is None:
                self._api = await asyncio.get_running_loop().run_in_executor(None, self._make)
            return self._api
